import { findingAnchor } from '../html/finding.ts';
import { html, type Markup } from '../html/markup.ts';
import { formatCount } from '../text.ts';
import type { BarrierVerdict } from '../verdict.ts';
import {
  barriersWorstFirst,
  effortText,
  type MutatedScenario,
  outcomeText,
  statusText,
  tableTitle,
} from './table.ts';

const tones = {
  detected: 'held',
  redundant: 'not-tested',
  undetected: 'violated',
  unknown: 'unknown',
} as const;
const signs = { detected: '✓', redundant: '=', undetected: '✗', unknown: '?' } as const;

/** The table of one scenario. */
export function renderBarriers(scenario: MutatedScenario): Markup {
  const { name, findings } = scenario;
  const told = new Set(findings.map(({ id }) => id));
  return html`
<div class="card">
<h3>${name}</h3>
<p class="muted">${effortText(scenario)}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="${tableTitle}, ${name}">
<table class="rows">
<thead><tr><th scope="col">barrier</th><th class="number" scope="col">issued</th><th scope="col">verdict</th><th scope="col">without it</th></tr></thead>
<tbody>
${barriersWorstFirst(scenario).map((barrier) => barrierRow(barrier, told))}
</tbody>
</table>
</div>
</div>`;
}

/** `told`: the findings that this page tells. */
function barrierRow(barrier: BarrierVerdict, told: ReadonlySet<string>): Markup {
  const { name, issued, status, finding } = barrier;
  const text = outcomeText(barrier);
  const outcome =
    finding !== undefined && told.has(finding)
      ? html`<a href="#${findingAnchor(finding)}">${text}</a>`
      : html`${text}`;
  return html`<tr class="first"><th scope="row"><code>${name}</code></th><td class="number">${formatCount(issued)}</td><td><span class="cell tone-${tones[status]}"><b aria-hidden="true">${signs[status]}</b><span>${statusText(barrier)}</span></span></td><td>${outcome}</td></tr>\n`;
}
