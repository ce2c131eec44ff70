import { shareText, unitOf } from '../summary.ts';
import { formatCount, formatSeconds, formatTime } from '../text.ts';
import type { Exploration, Verdict } from '../verdict.ts';
import { html, type Markup, nothing } from './markup.ts';

/** How much of what could have happened was looked at. */
export function renderCoverage(verdict: Verdict): Markup {
  const explored = verdict.scenarios.filter(({ explorations }) => explorations.length > 0);
  if (explored.length === 0) return html`<div class="card"><p>Nothing was explored.</p></div>`;
  return html`
<div class="card"><div class="scroll" tabindex="0" role="region" aria-label="Coverage">
<table class="rows">
<thead><tr><th scope="col">scenario</th><th scope="col">fault</th><th scope="col">profile</th><th class="number" scope="col">crash points</th><th class="number" scope="col">states judged</th><th class="number" scope="col">different images</th><th scope="col">share of the legal states</th></tr></thead>
<tbody>
${explored.map(({ name, explorations }) =>
  explorations.map((exploration, index) =>
    coverageRow(exploration, index === 0 ? { name, span: explorations.length } : undefined),
  ),
)}
</tbody>
</table>
</div></div>`;
}

function coverageRow(exploration: Exploration, first: { name: string; span: number } | undefined): Markup {
  const { fault, profile, crashPoints, states, images } = exploration;
  const counts = [crashPoints, states, images].map(
    (count) => html`<td class="number">${formatCount(count)}</td>`,
  );
  return html`<tr class="${first === undefined ? 'next' : 'first'}">${
    first === undefined ? nothing : html`<th scope="rowgroup" rowspan="${first.span}">${first.name}</th>`
  }<td class="term">${fault}</td><td class="term"><code>${profile}</code></td>${counts}<td>${shareText(exploration)}${shareBar(exploration)}</td></tr>\n`;
}

function shareBar({ states, legalStates, exhaustive }: Exploration): Markup {
  if (legalStates === undefined || exhaustive || legalStates === 0) return nothing;
  const width = Math.max(1, Math.round((118 * Math.min(states, legalStates)) / legalStates));
  return html`<svg class="share" viewBox="0 0 120 6" aria-hidden="true"><rect class="all" x="0.5" y="0.5" width="119" height="5" rx="2.5"/><rect class="part" x="1" y="1" width="${width}" height="4" rx="2"/></svg>`;
}

/** Where and when it ran, and how to run it again. */
export function renderRun(verdict: Verdict): Markup {
  const { environment, timing } = verdict;
  const facts: readonly (readonly [string, string])[] = [
    ['powercut', verdict.version],
    ['seed', String(verdict.seed)],
    ['started', formatTime(environment.startedAt)],
    [
      'took',
      `${formatSeconds(timing.seconds)}, ${formatCount(timing.imagesPerSecond)} ${unitOf(...verdict.scenarios) === 'cycle' ? 'cycles' : 'images'} judged a second`,
    ],
    ...(verdict.interrupted === undefined ? [] : [['interrupted by', verdict.interrupted] as const]),
    ['node', environment.node],
    ['kernel', environment.kernel],
    ['processor', `${environment.cpu}; ${formatCount(environment.lanes)} lanes`],
  ];
  const seconds = Object.entries(timing.scenarios).map(
    ([name, took]) => [name, formatSeconds(took)] as const,
  );
  return html`
<div class="card">
<div class="columns">
<div><h3>Environment</h3>${factsList(facts)}</div>
<div><h3>Layers</h3>${factsList(Object.entries(environment.layers))}</div>
${seconds.length === 0 ? nothing : html`<div><h3>Time by scenario</h3>${factsList(seconds)}</div>`}
</div>
<div class="part"><h3>To run it all again</h3>
<div class="replay"><pre><code>${rerunCommand(verdict)}</code></pre><button type="button" hidden>Copy</button></div>
<p class="after muted">With the options that this run was given, if any (such as --states, --profile or --layer), it gives the same verdict, byte for byte, apart from environment and timing.</p></div>
</div>`;
}

function factsList(facts: readonly (readonly [string, string])[]): Markup {
  return html`<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** Quoted for a shell where a file's name needs it. */
function rerunCommand(verdict: Verdict): string {
  const files = verdict.scenarios.flatMap(({ file }) => (file === undefined ? [] : [shellWord(file)]));
  return ['npx powercut run', ...new Set(files), '--seed', String(verdict.seed)].join(' ');
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
