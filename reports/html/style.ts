import { customProperties, darkPalette, lightPalette } from './palette.ts';

const colours = `
:root { color-scheme: light dark; ${customProperties(lightPalette)} }
@media screen and (prefers-color-scheme: dark) { :root { ${customProperties(darkPalette)} } }
`;

const page = `
* { box-sizing: border-box; }
html { scroll-padding-top: 16px; }
body { margin: 0; background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif; }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; font-size: 12.5px; }
p, li, h1, h2, h3, h4, dt, dd { overflow-wrap: anywhere; }
td, th { overflow-wrap: break-word; }
h1, h2, h3, h4, p, ul, dl, figure, table { margin: 0; }
a { color: var(--accent); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--surface); padding: 6px 10px; z-index: 2; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.muted { color: var(--muted); }
.layout { display: grid; grid-template-columns: 228px minmax(0, 1fr); max-width: 1360px; margin: 0 auto; }
.side { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 26px 12px 26px 24px; font-size: 13px; }
.side .brand { font-weight: 650; letter-spacing: -0.01em; font-size: 15px; }
.side h2 { margin: 20px 0 4px; font-size: 11px; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; color: var(--muted); }
.side ul { list-style: none; padding: 0; }
.side a { display: block; padding: 3px 8px; margin-left: -8px; border-radius: 5px; color: var(--text); text-decoration: none; line-height: 1.35; }
.side a:hover { background: var(--sunken); }
.side a[aria-current] { background: var(--sunken); font-weight: 600; }
.side a small { color: var(--muted); font-weight: 400; display: block; font-size: 12px; }
.side kbd { border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 4px; padding: 0 5px; font: inherit; font-size: 11px; background: var(--surface); }
main { padding: 24px 32px 64px 20px; min-width: 0; }
section { margin-top: 36px; }
section > h2 { font-size: 18px; font-weight: 650; letter-spacing: -0.01em; margin-bottom: 10px; }
h3 { font-size: 15px; font-weight: 650; }
h4 { font-size: 12px; font-weight: 600; color: var(--muted); margin-bottom: 6px; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; }
.card + .card { margin-top: 16px; }
.part { margin-top: 22px; }
`;

const banner = `
.banner { border-left: 5px solid var(--tone); padding: 20px 24px; }
.banner .label { display: flex; align-items: center; gap: 8px; color: var(--tone); font-weight: 700; font-size: 13px; letter-spacing: 0.05em; text-transform: uppercase; }
.banner .label svg { width: 20px; height: 20px; }
.banner h1 { font-size: 23px; line-height: 1.3; font-weight: 650; letter-spacing: -0.015em; margin-top: 6px; max-width: 46em; }
.banner ul { padding: 0; list-style: none; margin-top: 10px; max-width: 62em; }
.banner li + li { margin-top: 2px; }
.tone-held { --tone: var(--held); --tone-ground: var(--held-ground); }
.tone-violated { --tone: var(--violated); --tone-ground: var(--violated-ground); }
.tone-unknown { --tone: var(--unknown); --tone-ground: var(--unknown-ground); }
.tone-not-tested { --tone: var(--muted); --tone-ground: var(--sunken); }
.figures { display: flex; flex-wrap: wrap; gap: 10px 36px; margin-top: 18px; padding-top: 14px; border-top: 1px solid var(--line); }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--muted); font-size: 12px; }
.figures dd { margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }
`;

const tables = `
.scroll { overflow-x: auto; position: relative; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; vertical-align: top; }
thead th { font-size: 12px; color: var(--muted); padding: 4px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: bottom; white-space: nowrap; }
tbody td, tbody th { padding: 5px 12px 5px 0; vertical-align: top; }
.rows { width: 100%; }
.rows tbody tr + tr.first > * { border-top: 1px solid var(--line); }
.rows thead th { white-space: normal; }
.rows .term { white-space: nowrap; }
.rows .number, thead .number { text-align: right; padding-right: 24px; }
.matrix { margin-top: 12px; }
.matrix + .matrix { margin-top: 20px; }
.matrix td.judged { padding: 1px 2px; }
.matrix tbody th { padding: 4px 18px 4px 0; white-space: nowrap; }
.matrix tbody tr + tr > * { border-top: 1px solid var(--line); }
.matrix thead th { border-bottom: 0; padding: 2px 10px; }
.matrix thead th.axis { padding-left: 0; }
.matrix thead tr:last-child th, .matrix thead th.axis { border-bottom: 1px solid var(--line); padding-bottom: 6px; }
.matrix thead th.fault { color: var(--text); }
.matrix thead th.profile { font-weight: 400; }
.matrix .edge { border-left: 1px solid var(--line); }
.cell { display: flex; gap: 6px; margin: 1px 0; padding: 2px 8px; border-radius: 5px; white-space: nowrap; color: var(--tone); }
.cell.tone-violated, .cell.tone-unknown { background: var(--tone-ground); font-weight: 600; }
.cell b { font-weight: 700; }
.cell a { color: inherit; }
.unstated { color: var(--muted); padding: 3px 8px; display: block; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 12px; font-size: 12px; color: var(--muted); }
.reasons { padding-left: 18px; }
.aside { margin-top: 16px; }
.reasons li + li { margin-top: 3px; }
.chip { display: inline-flex; gap: 5px; align-items: baseline; padding: 1px 8px; border-radius: 99px; font-size: 12px; font-weight: 600; color: var(--tone); background: var(--tone-ground); }
.share { width: 120px; height: 6px; display: block; margin-top: 5px; }
.share .all { fill: var(--sunken); stroke: var(--line); }
.share .part { fill: var(--muted); }
`;

const finding = `
.finding { scroll-margin-top: 16px; border-top: 3px solid var(--tone); }
.finding:target, .finding:focus { outline: 2px solid var(--accent); outline-offset: 2px; }
.finding .kicker { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; color: var(--muted); }
.finding .kicker a { margin-left: auto; font-size: 12px; }
.finding h3 { font-size: 18px; line-height: 1.35; margin-top: 6px; letter-spacing: -0.01em; max-width: 48em; }
.finding .crash { margin-top: 4px; max-width: 62em; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(340px, 100%), 1fr)); gap: 22px 36px; }
.rules li { margin-bottom: 8px; }
.rules, .fates { list-style: none; padding: 0; }
.rules .source { display: block; color: var(--muted); font-size: 12.5px; }

.fates li { display: grid; align-items: baseline; grid-template-columns: 92px minmax(0, 1fr); padding: 2px 0; }
.story { width: 100%; }
.story td, .story th { padding: 3px 12px 3px 0; vertical-align: baseline; }
.story thead th:nth-child(2) { width: 46%; }
.story .entry { width: 58px; text-align: right; color: var(--muted); font-weight: 400; padding-left: 8px; }
.story .fate { width: 96px; white-space: nowrap; }
.story .asked td { padding-top: 9px; }
.story .promised td { color: var(--held); font-weight: 600; }
.story :is(.lost, .torn, .part, .failed) :is(td, th) { background: var(--violated-ground); }
.story .none td { color: var(--muted); }
.story .gap td { color: var(--muted); font-style: italic; }
.story .cut td, .story .cut th { border-top: 2px solid var(--violated); border-bottom: 2px solid var(--violated); color: var(--violated); font-weight: 700; padding-top: 5px; padding-bottom: 5px; }
.story .killed td, .story .killed th { background: var(--unknown-ground); color: var(--unknown); font-weight: 700; }
.fate-lost, .fate-torn, .fate-part, .fate-failed { color: var(--violated); font-weight: 700; }
.fate-kept { color: var(--kept); font-weight: 600; }
.fate-durable { color: var(--held); font-weight: 600; }
.fate-barrier { font-weight: 700; }
.diff { width: 100%; table-layout: fixed; }
.diff th, .diff td { width: 50%; padding: 3px 8px; border: 1px solid var(--line); }
.diff thead th { padding: 5px 8px; background: var(--sunken); border-bottom: 1px solid var(--line); }
.diff td.expected { background: var(--held-ground); }
.diff td.recovered { background: var(--violated-ground); }
.diff td.absent { background: var(--sunken); color: var(--muted); }
.replay { display: flex; margin-top: 4px; gap: 8px; align-items: stretch; }
.replay pre { flex: 1; min-width: 0; margin: 0; padding: 9px 12px; background: var(--sunken); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.replay button { font: inherit; font-size: 13px; padding: 0 14px; border: 1px solid var(--line); border-radius: 6px; background: var(--surface); color: var(--text); cursor: pointer; min-width: 76px; }
.replay button:hover { background: var(--sunken); }
.after { margin-top: 6px; }
details summary { cursor: pointer; color: var(--muted); font-size: 13px; }
details pre { margin: 6px 0 0; padding: 10px 12px; background: var(--sunken); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 420px; overflow-y: auto; }
.facts { display: grid; margin-top: 4px; grid-template-columns: fit-content(45%) minmax(0, 1fr); gap: 3px 20px; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; }
`;

const strip = `
.strip { display: block; margin-top: 4px; max-width: 100%; height: auto; }
.strip text { font-size: 11px; fill: var(--muted); font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; }
.strip .lane { stroke: var(--line); stroke-width: 1; }
.strip .way { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 2; fill: none; }
.strip .cached { fill: var(--surface); stroke: var(--text); stroke-width: 1.2; }
.strip .asked { fill: var(--surface); stroke: var(--text); stroke-width: 1.4; }
.strip .promise { fill: var(--held); }
.strip .tick { stroke: var(--surface); stroke-width: 1.8; fill: none; }
.strip .durable { fill: var(--held); }
.strip .kept { fill: var(--kept); }
.strip .torn { fill: var(--violated); }
.strip .frame { fill: none; stroke: var(--violated); stroke-width: 1.4; }
.strip .lost { fill: none; stroke: var(--violated); stroke-width: 1.4; stroke-dasharray: 3 2; }
.strip .cross { stroke: var(--violated); stroke-width: 1.8; }
.strip .barrier { stroke: var(--text); stroke-width: 2.4; }
.strip .failed { stroke: var(--violated); stroke-width: 2.4; }
.strip .cut { stroke: var(--violated); stroke-width: 2.5; }
.strip .killed { stroke: var(--unknown); stroke-width: 2; stroke-dasharray: 5 3; }
.strip .cut-label { fill: var(--violated); font-weight: 700; }
.strip .killed-label { fill: var(--unknown); font-weight: 700; }
.key { display: flex; flex-wrap: wrap; gap: 3px 18px; margin: 4px 0 14px; font-size: 12px; color: var(--muted); }
.key svg.strip { display: inline-block; width: 14px; height: 14px; vertical-align: -2px; margin: 0 5px 0 0; }
`;

const media = `
@media (max-width: 960px) {
  .layout { display: block; }
  .side { position: static; max-height: none; padding: 16px 16px 0; }
  .side .long { display: none; }
  main { padding: 16px 16px 48px; }
  .card { padding: 14px; }
  .banner h1 { font-size: 19px; }
  .finding h3 { font-size: 16px; }
  .scroll > .strip { max-width: none; }
}
@media print {
  @page { margin: 14mm 12mm; }
  :root { color-scheme: light; }
  body { background: none; font-size: 10pt; }
  section { margin-top: 22px; }
  .matrix { width: 100%; font-size: 8.5pt; }
  .matrix thead th, .matrix tbody th, .cell, .rows .term { white-space: normal; }
  .matrix tbody th { padding-right: 8px; }
  .matrix thead th { padding-left: 4px; padding-right: 4px; }
  .cell { padding: 1px 4px; }
  .layout { display: block; }
  .side, .replay button, .skip, .finding .kicker a { display: none; }
  main { padding: 0; }
  .card { padding: 12px 14px; }
  section > h2, h3, h4, thead { break-after: avoid; }
  tr, .banner, .replay, .strip, figure, .columns > * { break-inside: avoid; }
  .scroll { overflow: visible; }
  .strip { max-width: 100%; height: auto; }
  details pre { max-height: none; overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  code, pre, .mono { font-size: 8.5pt; }
}
`;

/** The report's whole style sheet. */
export const styleSheet = [colours, page, banner, tables, finding, strip, media].join('');
