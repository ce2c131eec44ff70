import { type DiffRow, diffLines, isSame } from '../diff.ts';
import {
  acknowledgementRemark,
  crashText,
  type Fate,
  fateMeanings,
  operationsWithFate,
  shrinkSentence,
} from '../story.ts';
import { conditionText, type ReportedFinding, summaryText } from '../summary.ts';
import { asSentence, capitalise, countOf, formatCount, visibleLines } from '../text.ts';
import type { Finding, TimelineRow } from '../verdict.ts';
import { html, type Markup, nothing } from './markup.ts';
import { renderStrip } from './strip.ts';

export const findingAnchor = (id: string) => `finding-${id}`;

/** The whole story of one finding. */
export function renderFinding(reported: ReportedFinding): Markup {
  const { finding, scenario, role } = reported;
  const { claim, id } = finding;
  const chip = {
    violation: '✗ violated',
    planted: '✓ canary: the known bug was found, as it must be',
    'beside-planted': '· in a canary: not an alarm',
    mutant: '✓ a barrier was left out, and a claim breaks, as it must',
  }[role];
  const tone = { violation: 'violated', planted: 'held', 'beside-planted': 'not-tested', mutant: 'held' }[
    role
  ];
  return html`
<article class="card finding tone-${tone}" id="${findingAnchor(id)}" tabindex="-1" aria-labelledby="${findingAnchor(id)}-summary">
<p class="kicker"><span class="chip">${chip}</span><span>Finding ${id}: <strong>${claim}</strong> under <strong>${conditionText(finding)}</strong>, ${scenario.name}</span><a href="#${findingAnchor(id)}">link to this</a></p>
<h3 id="${findingAnchor(id)}-summary">${summaryText(reported)}</h3>
<p class="crash">${asSentence(finding.crash)}</p>
<div class="part">
<h4>What happened, in order</h4>
${renderStrip(finding)}
${timelineTable(finding)}${remark(acknowledgementRemark(reported))}
</div>
<div class="part columns">
<div><h4>What reached the disk</h4>${fatesList(finding)}</div>
<div><h4>Why the disk may look like this</h4>${rulesList(finding)}</div>
</div>
<div class="part">
<h4>Expected against recovered</h4>
${diffTable(diffLines(finding.expected, finding.recovered))}
</div>
<div class="part">
<h4>Replay</h4>
${replayBox(finding)}
<p class="after muted">${shrinkSentence(finding)} The replay file is <code>${finding.replay.file}</code> in the run’s directory.</p>
</div>
${stderrBlock(finding)}
</article>`;
}

function remark(text: string | undefined): Markup {
  return text === undefined ? nothing : html`<p class="after muted">${text}</p>`;
}

function timelineTable(finding: Finding): Markup {
  const volumes = new Set(finding.timeline.flatMap((row) => (row.kind === 'operation' ? [row.volume] : [])));
  const severalVolumes = volumes.size > 1;
  return html`
<div class="scroll" tabindex="0" role="region" aria-label="Timeline">
<table class="story">
<thead><tr><th class="number" scope="col">entry</th><th scope="col">what</th>${severalVolumes ? html`<th scope="col">volume</th>` : nothing}<th scope="col">fate</th><th scope="col">detail</th></tr></thead>
<tbody>
${finding.timeline.map((row) => timelineRow(row, severalVolumes))}
</tbody>
</table>
</div>`;
}

function timelineRow(row: TimelineRow, severalVolumes: boolean): Markup {
  const rest = severalVolumes ? 4 : 3;
  const wide = (className: string, entry: number | undefined, content: Markup) =>
    html`<tr class="${className}"><th class="entry" scope="row">${entry}</th><td colspan="${rest}">${content}</td></tr>\n`;
  switch (row.kind) {
    case 'request':
      return wide(
        'asked',
        undefined,
        html`<strong>Asked, step ${row.step}:</strong> <span class="mono">${row.text}</span>`,
      );
    case 'acknowledgement':
      return wide('promised', row.entry, html`✓ Acknowledged: <span class="mono">${row.text}</span>`);
    case 'operation':
      return html`<tr class="${row.fate}"><th class="entry" scope="row">${row.entry}</th><td class="mono">${row.text}</td>${
        severalVolumes ? html`<td class="mono">${row.volume}</td>` : nothing
      }<td class="fate fate-${row.fate}">${fateSigns[row.fate]}</td><td>${row.detail}</td></tr>\n`;
    case 'process-crash':
      return wide('killed', row.entry, html`${capitalise(crashText(row))}`);
    case 'power-cut':
      return wide('cut', row.entry, html`The power goes: what no barrier covers may be gone`);
    case 'omitted':
      return wide('gap', undefined, html`… ${row.text}`);
  }
}

const fateSigns: Readonly<Record<Fate, string>> = {
  durable: '■ durable',
  kept: '■ kept',
  torn: '◤ torn',
  part: '◧ part',
  lost: '✕ lost',
  barrier: '┃ barrier',
  failed: '✕ failed',
  none: '·',
};

const namedMax = 8;

function fatesList(finding: Finding): Markup {
  // The rows that are not shown have fates too: a count must not pass for the whole.
  const ofThose = finding.timeline.some(({ kind }) => kind === 'omitted') ? ' of those shown' : '';
  const items = (['lost', 'torn', 'part', 'failed', 'kept', 'durable'] as const).flatMap((fate) => {
    const rows = operationsWithFate(finding, fate);
    if (rows.length === 0) return [];
    // What is durable in every state needs no list: the table has it.
    const named = fate === 'durable' ? [] : rows.slice(0, namedMax);
    const more = fate === 'durable' ? 0 : rows.length - named.length;
    return [
      html`<li><span class="fate-${fate}">${fateSigns[fate]}</span><span>${countOf(rows.length, 'operation')}${ofThose}, ${fateMeanings[fate]}${named.map(
        (row) =>
          html`<br><code>${row.entry} ${row.text}</code>${row.detail === undefined ? '' : `: ${row.detail}`}`,
      )}${more > 0 ? html`<br>and ${formatCount(more)} more` : nothing}</span></li>`,
    ];
  });
  return items.length === 0
    ? html`<p>No operation of this story changes what is on disk.</p>`
    : html`<ul class="fates">${items}</ul>`;
}

function rulesList(finding: Finding): Markup {
  if (finding.permittedBy.length === 0) return html`<p>No rule was recorded.</p>`;
  return html`<ul class="rules">${finding.permittedBy.map(
    ({ rule, text, source }) =>
      html`<li><strong>${rule}:</strong> ${asSentence(text)}<span class="source">Source: ${source}</span></li>`,
  )}</ul>`;
}

function diffTable(rows: readonly DiffRow[]): Markup {
  return html`
<table class="diff">
<thead><tr><th scope="col">Expected</th><th scope="col">Recovered</th></tr></thead>
<tbody>
${rows.map((row) => {
  if (isSame(row))
    return html`<tr><td class="mono">${row.expected}</td><td class="mono">${row.recovered}</td></tr>\n`;
  return html`<tr>${side(row.expected, 'expected', '−')}${side(row.recovered, 'recovered', '+')}</tr>\n`;
})}
</tbody>
</table>`;
}

function side(text: string | undefined, className: string, sign: string): Markup {
  if (text === undefined) return html`<td class="absent"><span class="unseen">no such line</span></td>`;
  return html`<td class="mono ${className}">${sign} ${text}</td>`;
}

function replayBox(finding: Finding): Markup {
  return html`<div class="replay"><pre><code>${finding.replay.command}</code></pre><button type="button" hidden>Copy</button></div>`;
}

function stderrBlock(finding: Finding): Markup {
  if (finding.stderr === undefined || finding.stderr.trim() === '') return nothing;
  const lines = visibleLines(finding.stderr);
  return html`
<details class="part"><summary>The subject’s stderr while it recovered (${countOf(lines.length, 'line')})</summary><pre><code>${lines.map((line) => html`${line}\n`)}</code></pre></details>`;
}
