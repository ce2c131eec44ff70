import { cutTimeline, type Fate, fateMeanings, type OperationRow } from '../story.ts';
import { cutText } from '../text.ts';
import type { Finding, TimelineRow } from '../verdict.ts';
import { html, type Markup, trusted } from './markup.ts';

/**
 * The story as a drawing: time goes right; the subject asks and is promised, the page cache takes each operation, the
 * disk gets it or does not. The table below it says the same in words.
 */
const rowsMax = 36;
const left = 92;
const lanes = { subject: 34, cache: 72, disk: 110 } as const;
const height = 146;
const half = 6;
/** What a window of 1200 pixels has room for. A drawing that is wider all the same is shown smaller. */
const widthMax = 870;
const right = 74;

export function renderStrip(finding: Finding): Markup {
  const rows = cutTimeline(finding.timeline, rowsMax);
  const slots = Math.max(1, rows.length);
  const slot = Math.max(16, Math.min(84, Math.floor((widthMax - left - right) / slots)));
  const width = left + slot * slots + right;
  const lane = (name: string, y: number) => html`
<text x="0" y="${y + 4}">${name}</text><line class="lane" x1="${left - 8}" x2="${width - 8}" y1="${y}" y2="${y}"/>`;
  return html`
<div class="scroll" tabindex="0" role="region" aria-label="The story as a drawing">
<svg class="strip" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Operations in the order of time, and which of them reached the disk; the table below says the same in words">
${lane('subject', lanes.subject)}${lane('page cache', lanes.cache)}${lane('disk', lanes.disk)}
${rows.map((row, index) => mark(row, left + slot * index + slot / 2, slot))}
</svg>
</div>
<p class="key">${keyOf(rows)}</p>`;
}

function mark(row: TimelineRow, x: number, slot: number): Markup {
  switch (row.kind) {
    case 'request':
      return html`<g><title>asked, step ${row.step}: ${row.text}</title><circle class="asked" cx="${x}" cy="${lanes.subject}" r="5"/>${slot >= 44 ? label(x, 16, `step ${row.step}`) : []}</g>`;
    case 'acknowledgement':
      return html`<g><title>${row.entry}: acknowledged: ${row.text}</title>${promiseShape(x, lanes.subject)}${entryLabel(x, slot, row.entry)}</g>`;
    case 'operation':
      return operationMark(row, x, slot);
    case 'process-crash':
      return html`<g><title>${row.entry}: ${row.ofMachine === true ? 'the machine is reset' : 'the process is killed'}</title><line class="killed" x1="${x}" x2="${x}" y1="22" y2="${lanes.cache + 14}"/><text class="killed-label" x="${x}" y="16" text-anchor="middle">${row.ofMachine === true ? 'reset' : 'killed'}</text></g>`;
    case 'power-cut':
      return html`<g><title>${row.entry}: the power goes</title><line class="cut" x1="${x}" x2="${x}" y1="22" y2="${lanes.disk + 16}"/><text class="cut-label" x="${x}" y="16" text-anchor="middle">power cut</text></g>`;
    case 'omitted':
      return html`<g><title>not shown: ${row.text}</title><text x="${x}" y="${lanes.cache + 4}" text-anchor="middle">⋯</text></g>`;
  }
}

function operationMark(row: OperationRow, x: number, slot: number): Markup {
  const detail = row.detail === undefined ? '' : ` (${row.detail})`;
  const verb = row.text.split(' ')[0] ?? '';
  return html`<g><title>${row.entry}: ${row.text}: ${row.fate}${detail}</title>${fateShape(row.fate, x)}${
    slot >= 44 ? label(x, lanes.cache - 14, cutText(verb, 10)) : []
  }${entryLabel(x, slot, row.entry)}</g>`;
}

function label(x: number, y: number, text: string): Markup {
  return html`<text x="${x}" y="${y}" text-anchor="middle">${text}</text>`;
}

function entryLabel(x: number, slot: number, entry: number): Markup {
  return html`${slot >= String(entry).length * 7 + 4 ? label(x, height - 6, String(entry)) : []}`;
}

/** In the page cache, on its way, and what the disk has of it. */
function fateShape(fate: Fate, x: number): Markup {
  const box = (className: string, y: number) =>
    html`<rect class="${className}" x="${x - half}" y="${y - half}" width="${2 * half}" height="${2 * half}" rx="2"/>`;
  const way = (to: number) =>
    html`<line class="way" x1="${x}" x2="${x}" y1="${lanes.cache + half}" y2="${to}"/>`;
  const cached = box('cached', lanes.cache);
  switch (fate) {
    case 'barrier':
      return html`<line class="barrier" x1="${x}" x2="${x}" y1="${lanes.cache - 8}" y2="${lanes.disk + 8}"/><line class="barrier" x1="${x - 5}" x2="${x + 5}" y1="${lanes.disk + 8}" y2="${lanes.disk + 8}"/>`;
    case 'none':
      return html`<circle class="cached" cx="${x}" cy="${lanes.cache}" r="3"/>`;
    case 'durable':
    case 'kept':
      return html`${cached}${way(lanes.disk - half)}${box(fate, lanes.disk)}`;
    case 'failed':
      return html`<line class="failed" x1="${x}" x2="${x}" y1="${lanes.cache - 8}" y2="${lanes.disk - 14}"/>${crossShape(x, lanes.disk - 8)}`;
    case 'torn':
      return html`${cached}${way(lanes.disk - half)}${tornShape(x, lanes.disk)}`;
    case 'part':
      return html`${cached}${way(lanes.disk - half)}${partShape(x, lanes.disk)}`;
    case 'lost':
      return html`${cached}${way(lanes.disk - 20)}${lostShape(x, lanes.disk)}`;
  }
}

function tornShape(x: number, y: number): Markup {
  const points = `${x - half},${y - half} ${x + half},${y - half} ${x - half},${y + half}`;
  return html`<rect class="frame" x="${x - half}" y="${y - half}" width="${2 * half}" height="${2 * half}" rx="2"/><polygon class="torn" points="${points}"/>`;
}

function partShape(x: number, y: number): Markup {
  return html`<rect class="frame" x="${x - half}" y="${y - half}" width="${2 * half}" height="${2 * half}" rx="2"/><rect class="torn" x="${x - half}" y="${y - half}" width="${half}" height="${2 * half}"/>`;
}

function lostShape(x: number, y: number): Markup {
  return html`<rect class="lost" x="${x - half}" y="${y - half}" width="${2 * half}" height="${2 * half}" rx="2"/>${crossShape(x, y)}`;
}

function crossShape(x: number, y: number): Markup {
  return html`<path class="cross" d="M${x - 3} ${y - 3}l6 6M${x + 3} ${y - 3}l-6 6"/>`;
}

function promiseShape(x: number, y: number): Markup {
  return html`<circle class="promise" cx="${x}" cy="${y}" r="7"/><path class="tick" d="M${x - 3} ${y}l2.2 2.4 4-4.6"/>`;
}

/** What the drawing has of each on the disk's line. */
const fateShapes = [
  ['durable', trusted('<rect class="durable" x="-6" y="-6" width="12" height="12" rx="2"/>')],
  ['kept', trusted('<rect class="kept" x="-6" y="-6" width="12" height="12" rx="2"/>')],
  ['torn', tornShape(0, 0)],
  ['part', partShape(0, 0)],
  ['lost', lostShape(0, 0)],
  ['barrier', trusted('<path class="barrier" d="M0 -8V7M-5 7H5"/>')],
  ['failed', html`<path class="failed" d="M0 -8V-1"/>${crossShape(0, 4)}`],
] as const;

/** Only what the drawing has. */
function keyOf(rows: readonly TimelineRow[]): readonly Markup[] {
  const fates = new Set(rows.flatMap((row) => (row.kind === 'operation' ? [row.fate] : [])));
  const has = (kind: TimelineRow['kind']) => rows.some((row) => row.kind === kind);
  const sign = (shape: Markup, text: string) =>
    html`<span><svg class="strip" viewBox="-8 -8 16 16" aria-hidden="true">${shape}</svg>${text}</span>`;
  return [
    ...(has('request') ? [sign(trusted('<circle class="asked" r="5"/>'), 'asked')] : []),
    ...(has('acknowledgement') ? [sign(promiseShape(0, 0), 'acknowledged')] : []),
    ...fateShapes.flatMap(([fate, shape]) =>
      fates.has(fate) ? [sign(shape, `${fate}: ${fateMeanings[fate]}`)] : [],
    ),
    ...(fates.has('none') ? [sign(trusted('<circle class="cached" r="3"/>'), 'without effect here')] : []),
  ];
}
