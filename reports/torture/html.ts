import { html, type Markup, nothing } from '../html/markup.ts';
import type { PairCoverage } from '../verdict.ts';
import {
  cellText,
  coverageTable,
  coverageTitle,
  effortText,
  neverFiredText,
  noveltyText,
  type TorturedScenario,
} from './table.ts';

/** The coverage of one scenario. */
export function renderTorture(scenario: TorturedScenario): Markup {
  const { name } = scenario;
  const { operations, rows } = coverageTable(scenario);
  const never = neverFiredText(scenario);
  return html`
<div class="card">
<h3>${name}</h3>
<p class="muted">${effortText(scenario)}.<br>${noveltyText(scenario)}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="${coverageTitle}, ${name}">
<table class="rows">
<thead><tr><th scope="col">fault</th>${operations.map((operation) => html`<th class="number" scope="col">${operation}</th>`)}</tr></thead>
<tbody>
${rows.map(({ fault, pairs }) => html`<tr class="first"><th scope="row">${fault}</th>${pairs.map(renderPair)}</tr>\n`)}
</tbody>
</table>
</div>
${never === undefined ? nothing : html`<p>${never}.</p>`}
</div>`;
}

function renderPair(pair: PairCoverage | undefined): Markup {
  const text = cellText(pair);
  return pair?.fired === 0
    ? html`<td class="number"><span class="cell tone-unknown">${text}</span></td>`
    : html`<td class="number">${text}</td>`;
}
