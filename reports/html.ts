import { createHash } from 'node:crypto';
import { headline } from './headline.ts';
import { matrixLegend, renderCanaries, renderScenario } from './html/claims.ts';
import { findingAnchor, renderFinding } from './html/finding.ts';
import { bannerIcon, statusSigns } from './html/icons.ts';
import { embeddedJson, html, type Markup, nothing, trusted } from './html/markup.ts';
import { renderCoverage, renderRun } from './html/run.ts';
import { script } from './html/script.ts';
import { styleSheet } from './html/style.ts';
import { renderBarriers } from './mutation/html.ts';
import { isMutated, tableTitle } from './mutation/table.ts';
import {
  conditionText,
  isCanary,
  type ReportedFinding,
  reportedFindings,
  statesJudged,
  unitOf,
} from './summary.ts';
import { formatCount, formatSeconds, formatTime } from './text.ts';
import { renderTorture } from './torture/html.ts';
import { coverageTitle, isTortured } from './torture/table.ts';
import { type TrimLimits, trimVerdict } from './trim.ts';
import type { Verdict } from './verdict.ts';

const bytesMax = 1_900_000;

/** Tried in order until the page is small enough. */
const limits: readonly TrimLimits[] = [
  { findings: 100, timelineRows: 400, lines: 200, characters: 4000 },
  { findings: 80, timelineRows: 120, lines: 80, characters: 2000 },
  { findings: 60, timelineRows: 60, lines: 40, characters: 1000 },
  { findings: 40, timelineRows: 40, lines: 24, characters: 500 },
  { findings: 20, timelineRows: 24, lines: 12, characters: 300 },
];

/**
 * The verdict as one HTML file that needs nothing else: no network, no other file. It stays below 2 MB, and says what it
 * leaves out. What it shows is embedded as JSON in the element `powercut-verdict`.
 */
export function renderHtml(verdict: Verdict): string {
  let text = '';
  for (const limit of limits) {
    text = renderPage(trimVerdict(verdict, limit)).markup;
    if (Buffer.byteLength(text) <= bytesMax) break;
  }
  return text;
}

function renderPage(verdict: Verdict): Markup {
  const findings = reportedFindings(verdict);
  const sections = sectionsOf(verdict, findings);
  const { label, sentence } = headline(verdict);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src '${hashOf(styleSheet)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'">
<meta name="generator" content="powercut ${verdict.version}">
<link rel="icon" href="data:,">
<title>${label}: ${sentence} – powercut</title>
<style>${trusted(styleSheet)}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
<div class="layout">
${renderContents(verdict, findings, sections)}
<main>
${renderBanner(verdict, findings)}
${sections.map(({ id, title, content }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${content}</section>\n`)}
</main>
</div>
<script type="application/json" id="powercut-verdict">${embeddedJson(verdict)}</script>
<script>${trusted(script)}</script>
</body>
</html>
`;
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: readonly Markup[];
}

function sectionsOf(verdict: Verdict, findings: readonly ReportedFinding[]): readonly Section[] {
  const scenarios = verdict.scenarios.filter((scenario) => !isCanary(scenario));
  const canaries = verdict.scenarios.filter(isCanary);
  const violations = findings.filter(({ role }) => role === 'violation');
  const inCanaries = findings.filter(isInCanary);
  const mutants = findings.filter(({ role }) => role === 'mutant');
  const sections: readonly Section[] = [
    { id: 'barriers', title: tableTitle, content: scenarios.filter(isMutated).map(renderBarriers) },
    { id: 'claims', title: 'Claims under faults', content: withLegend(scenarios.map(renderScenario)) },
    { id: 'witnesses', title: 'What breaks without a barrier', content: mutants.map(renderFinding) },
    { id: 'findings', title: 'Findings', content: violations.map(renderFinding) },
    {
      id: 'canaries',
      title: 'Canaries',
      content: canaries.length === 0 ? [] : [renderCanaries(canaries), ...inCanaries.map(renderFinding)],
    },
    {
      id: 'torture',
      title: coverageTitle,
      content: verdict.scenarios.filter(isTortured).map(renderTorture),
    },
    {
      id: 'coverage',
      title: 'How much was looked at',
      content: verdict.scenarios.some(isTortured) ? [] : [renderCoverage(verdict)],
    },
    { id: 'run', title: 'The run', content: [renderRun(verdict)] },
  ];
  return sections.filter(({ content }) => content.length > 0);
}

function isInCanary({ role }: ReportedFinding): boolean {
  return role === 'planted' || role === 'beside-planted';
}

function withLegend(scenarios: readonly Markup[]): readonly Markup[] {
  return scenarios.length === 0 ? [] : [...scenarios, matrixLegend];
}

function renderBanner(verdict: Verdict, findings: readonly ReportedFinding[]): Markup {
  const { status, label, sentence, caveats } = headline(verdict);
  const explorations = verdict.scenarios.flatMap((scenario) => scenario.explorations);
  const unit = unitOf(...verdict.scenarios);
  const images = explorations.reduce((sum, exploration) => sum + exploration.images, 0);
  const figures: readonly (readonly [string, string])[] = [
    [
      `${unit}s judged`,
      formatCount(verdict.scenarios.reduce((sum, scenario) => sum + statesJudged(scenario), 0)),
    ],
    ...(unit === 'cycle' ? [] : [['different images', formatCount(images)] as const]),
    ['violations found', formatCount(findings.filter(({ role }) => role === 'violation').length)],
    ['time', formatSeconds(verdict.timing.seconds)],
    [unit === 'cycle' ? 'cycles a second' : 'images a second', formatCount(verdict.timing.imagesPerSecond)],
    ['seed', String(verdict.seed)],
  ];
  return html`
<div class="card banner tone-${status}" id="verdict" tabindex="-1">
<p class="label">${bannerIcon(status)}${label}</p>
<h1>${sentence}</h1>
${caveats.length === 0 ? nothing : html`<ul>${caveats.map((caveat) => html`<li>${caveat}</li>`)}</ul>`}
<dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</div>`;
}

function renderContents(
  verdict: Verdict,
  findings: readonly ReportedFinding[],
  sections: readonly Section[],
): Markup {
  const violations = findings.filter(({ role }) => role === 'violation');
  const inCanaries = findings.filter(isInCanary);
  const mutants = findings.filter(({ role }) => role === 'mutant');
  const links = (reported: readonly ReportedFinding[], sign: string) =>
    reported.map(
      ({ finding, scenario }) =>
        html`<li><a href="#${findingAnchor(finding.id)}">${sign} ${finding.id} ${finding.claim}<small>${conditionText(finding)}, ${scenario.name}</small></a></li>`,
    );
  const list = (title: string, items: readonly Markup[]) =>
    items.length === 0 ? nothing : html`<div class="long"><h2>${title}</h2><ul>${items}</ul></div>`;
  return html`
<nav class="side" aria-label="Contents">
<p class="brand">powercut</p>
<p class="muted">${verdict.version}<br>${formatTime(verdict.environment.startedAt)}</p>
${list(
  'Report',
  sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`),
)}
${list('Findings', links(violations, statusSigns.violated))}
${list('In canaries', links(inCanaries, statusSigns.held))}${list('Without a barrier', links(mutants, statusSigns.held))}
${findings.length > 1 ? html`<p class="long muted"><br><kbd>j</kbd> <kbd>k</kbd> next, previous finding</p>` : nothing}
</nav>`;
}

/** What the page's security policy lets run, and nothing else. */
function hashOf(text: string): Markup {
  return trusted(`sha256-${createHash('sha256').update(text).digest('base64')}`);
}
