import {
  faultGroups,
  type Matrix,
  type MatrixColumn,
  matrixOf,
  notesOf,
  reasonsOf,
  splitColumns,
} from '../matrix.ts';
import {
  type CanaryScenario,
  canaryOutcome,
  canarySentence,
  canarySigns,
  canaryTones,
  canaryWords,
  occurrencesOf,
  statesJudged,
  statusOfCell,
  subjectText,
  unitOf,
  workText,
} from '../summary.ts';
import { countOf, formatCount, joinWords } from '../text.ts';
import type { Cell, ScenarioVerdict, Status } from '../verdict.ts';
import { findingAnchor } from './finding.ts';
import { statusSigns } from './icons.ts';
import { html, type Markup, nothing } from './markup.ts';

/** One scenario: what ran, and its claims × faults. */
export function renderScenario(scenario: ScenarioVerdict): Markup {
  return html`
<div class="card">
<h3>${scenario.name}</h3>
${scenarioFacts(scenario)}
${renderMatrix(scenario)}
${reasonsList(scenario)}
${notesList(scenario)}
</div>`;
}

function scenarioFacts(scenario: ScenarioVerdict): Markup {
  const { subject, layer, volumes, profiles } = scenario;
  const how = { driver: 'driver', command: 'command pair', 'in-process': 'in process' }[subject.how];
  const where = `${layer} layer, ${volumes.length === 1 ? 'volume' : 'volumes'} ${joinWords(volumes)}, ${profiles.length === 1 ? 'profile' : 'profiles'} ${joinWords(profiles)}`;
  const work = [workText(scenario), `${countOf(statesJudged(scenario), unitOf(scenario))} judged`];
  return html`<p class="muted">${subjectText(scenario)} (${how}) · ${where}<br>${work.filter((text) => text !== '').join('; ')}</p>`;
}

function renderMatrix(scenario: ScenarioVerdict): Markup {
  const matrix = matrixOf(scenario);
  if (matrix.rows.length === 0) return html`<p>The scenario states no claim.</p>`;
  const columns = matrix.columns.map((column, index) => ({
    ...column,
    index,
    width: columnPixels(
      column,
      matrix.rows.map(({ cells }) => cells[index]),
      scenario,
    ),
  }));
  return html`
<div class="scroll" tabindex="0" role="region" aria-label="Claims under faults, ${scenario.name}">
${splitColumns(columns, matrixPixels).map((block) => renderBlock(matrix, block, scenario))}
</div>`;
}

/** What columns have beside the claims in a window of 1200 pixels; in a narrower one they are scrolled. */
const matrixPixels = 760;

/** About what the browser makes of it: no text is measured here. */
function columnPixels(
  { fault, profile = '' }: MatrixColumn,
  cells: readonly (Cell | undefined)[],
  scenario: ScenarioVerdict,
): number {
  const longest = Math.max(...cells.map((cell) => cellCharacters(cell, scenario)));
  return Math.max(7 * Math.max(fault.length, profile.length) + 20, 8 * longest + 36);
}

/** Of the longest line in the cell. */
function cellCharacters(cell: Cell | undefined, scenario: ScenarioVerdict): number {
  if (cell === undefined) return 1;
  switch (statusOfCell(cell)) {
    case 'held':
      return formatCount(cell.states).length;
    case 'unknown':
      return Math.max('unknown'.length, `after ${formatCount(cell.states)}`.length);
    case 'not-tested':
      return 'not tested'.length;
    case 'violated':
      return Math.max(`finding ${cell.finding ?? ''}`.length, violatedShare(cell, scenario).length);
  }
}

type Column = MatrixColumn & { readonly index: number };

/** Some of the columns, with the claims that are stated under one of them. */
function renderBlock(matrix: Matrix, columns: readonly Column[], scenario: ScenarioVerdict): Markup {
  const rows = matrix.rows.filter(({ cells }) => columns.some(({ index }) => cells[index] !== undefined));
  return html`
<table class="matrix">
<caption class="unseen">Claims under faults, with the number of states that were judged</caption>
<thead>
<tr><th class="axis" scope="col" rowspan="2">claim</th>${faultGroups(columns).map(
    ({ fault, span }) => html`<th class="fault edge" scope="colgroup" colspan="${span}">${fault}</th>`,
  )}</tr>
<tr>${columns.map(({ profile }, at) => html`<th class="profile${edge(columns, at)}" scope="col">${profile}</th>`)}</tr>
</thead>
<tbody>
${rows.map(
  (row) =>
    html`<tr><th scope="row">${row.claim}</th>${columns.map(({ index }, at) => html`<td class="judged${edge(columns, at)}">${renderCell(row.cells[index], scenario)}</td>`)}</tr>\n`,
)}
</tbody>
</table>`;
}

/** Where another fault begins. */
function edge(columns: readonly MatrixColumn[], index: number): string {
  return columns[index - 1]?.fault === columns[index]?.fault ? '' : ' edge';
}

function renderCell(cell: Cell | undefined, scenario: ScenarioVerdict): Markup {
  if (cell === undefined) return html`<span class="unstated" title="not stated">·</span>`;
  const status = statusOfCell(cell);
  return html`<span class="cell tone-${status}"><b aria-hidden="true">${statusSigns[status]}</b><span>${cellContent(cell, status, scenario)}</span></span>`;
}

function cellContent(cell: Cell, status: Status, scenario: ScenarioVerdict): Markup {
  const states = formatCount(cell.states);
  switch (status) {
    case 'held':
      return html`<span class="unseen">held in </span>${states}`;
    case 'unknown':
      return html`unknown<br>after ${states}`;
    case 'not-tested':
      return html`not tested`;
    case 'violated': {
      const linked = cell.finding !== undefined && occurrencesOf(cell, scenario) !== undefined;
      return html`<span class="unseen">violated in </span>${violatedShare(cell, scenario)}${
        linked ? html`<br><a href="#${findingAnchor(cell.finding)}">finding ${cell.finding}</a>` : nothing
      }`;
    }
  }
}

function violatedShare(cell: Cell, scenario: ScenarioVerdict): string {
  const occurrences = occurrencesOf(cell, scenario);
  return `${occurrences === undefined ? 'some' : formatCount(occurrences)} of ${formatCount(cell.states)}`;
}

export const matrixLegend: Markup = html`
<p class="legend"><span>✓ 12: held in 12 judged states</span><span>✗ 3 of 12: broke in 3 of 12 judged states</span><span>? unknown</span><span>– not tested: neither for nor against</span><span>· not stated</span></p>`;

function reasonsList(scenario: ScenarioVerdict): Markup {
  const items = reasonItems(scenario);
  return items.length === 0
    ? nothing
    : html`<div class="aside"><h4>Unknown and not tested</h4><ul class="reasons">${items}</ul></div>`;
}

function reasonItems(scenario: ScenarioVerdict): readonly Markup[] {
  return reasonsOf(scenario).map(({ status, why, which }) => {
    const word = status === 'unknown' ? 'unknown' : 'not tested';
    return html`<li><span class="chip tone-${status}">${statusSigns[status]} ${word}</span> ${joinWords(which, 6)}: ${why}</li>`;
  });
}

function notesList(scenario: ScenarioVerdict): Markup {
  const notes = notesOf(scenario);
  if (notes.length === 0) return nothing;
  return html`<div class="aside"><h4>Notes</h4><ul class="reasons">${notes.map((note) => html`<li>${note}</li>`)}</ul></div>`;
}

/** All canaries in one table: each is there to be found. */
export function renderCanaries(canaries: readonly CanaryScenario[]): Markup {
  return html`
<div class="card"><div class="scroll" tabindex="0" role="region" aria-label="Canaries">
<table class="rows">
<thead><tr><th scope="col">canary</th><th scope="col">known bug</th><th scope="col">what that means</th><th scope="col">story</th></tr></thead>
<tbody>
${canaries.map((scenario) => {
  const outcome = canaryOutcome(scenario);
  const { breaks, under } = scenario.canary;
  const planted = scenario.findings.find(({ claim, fault }) => claim === breaks && fault === under);
  return html`<tr class="first"><th scope="row">${scenario.name}</th><td class="term"><span class="chip tone-${canaryTones[outcome]}">${canarySigns[outcome]} ${canaryWords[outcome]}</span></td><td>${canarySentence(scenario)}${canaryRemarks(scenario)}</td><td>${
    planted === undefined ? nothing : html`<a href="#${findingAnchor(planted.id)}">finding ${planted.id}</a>`
  }</td></tr>\n`;
})}
</tbody>
</table>
</div></div>`;
}

function canaryRemarks(scenario: CanaryScenario): Markup {
  const items = [...reasonItems(scenario), ...notesOf(scenario).map((note) => html`<li>${note}</li>`)];
  return items.length === 0 ? nothing : html`<ul class="reasons">${items}</ul>`;
}
