import { diffLines, focusLines, isSame } from './diff.ts';
import { headline } from './headline.ts';
import { litmusSection } from './litmus/markdown.ts';
import { litmusTable } from './litmus/table.ts';
import { matrixOf, notesOf, reasonsOf } from './matrix.ts';
import { barrierTable } from './mutation/markdown.ts';
import { isMutated } from './mutation/table.ts';
import { shrinkSentence } from './story.ts';
import {
  type CanaryScenario,
  canaryOutcome,
  canarySentence,
  canaryWords,
  conditionText,
  isCanary,
  occurrencesOf,
  type ReportedFinding,
  reportedFindings,
  shareText,
  statusOfCell,
  subjectText,
  summaryText,
} from './summary.ts';
import { renderTimeline } from './terminal/finding.ts';
import { createPaint } from './terminal/paint.ts';
import {
  asSentence,
  countOf,
  cutText,
  formatCount,
  formatSeconds,
  joinWords,
  visible,
  visibleLines,
} from './text.ts';
import { coverageSection } from './torture/markdown.ts';
import { isTortured } from './torture/table.ts';
import type { Cell, Finding, ScenarioVerdict, Verdict } from './verdict.ts';

/** Comments on GitHub hold 65,536 characters; the rest is for what a bot writes around this. */
const charactersMax = 60_000;
const timelineColumns = 100;
const linesMax = 60;
const lineCharactersMax = 300;
const marks = { violated: '❌', held: '✅', unknown: '❔' } as const;

/** The verdict as a comment on a pull request. What does not fit is counted. */
export function renderMarkdown(verdict: Verdict): string {
  const { status, label, sentence, caveats } = headline(verdict);
  const scenarios = verdict.scenarios.filter((scenario) => !isCanary(scenario));
  const head = [
    `## ${marks[status]} powercut: ${label.toLowerCase()}`,
    `**${escaped(sentence)}**`,
    ...(caveats.length > 0 ? [caveats.map((caveat) => `- ${escaped(caveat)}`).join('\n')] : []),
  ];
  const foot = `<sub>powercut ${escaped(verdict.version)} · seed ${verdict.seed} · ${formatSeconds(verdict.timing.seconds)} · ${escaped(verdict.environment.kernel)}</sub>`;
  const canaries = verdict.scenarios.filter(isCanary);
  const litmus = litmusTable(scenarios);
  const sections = [
    ...(litmus === undefined ? [] : [litmusSection(litmus, { escaped, code })]),
    ...scenarios.map(scenarioSection),
    ...(canaries.length > 0 ? [canarySection(canaries)] : []),
    ...reportedFindings(verdict).map(findingSection),
  ];
  return `${fitting(head, sections, foot).join('\n\n')}\n`;
}

/** As many whole sections as fit, in order. */
function fitting(head: readonly string[], sections: readonly string[], foot: string): readonly string[] {
  const shown = [...head];
  let length = [...head, foot].join('\n\n').length + 200;
  for (const [index, section] of sections.entries()) {
    length += section.length + 2;
    if (length > charactersMax) {
      const hidden = sections.length - index;
      return [
        ...shown,
        `_${countOf(hidden, 'further section')} did not fit here: see report.html of this run._`,
        foot,
      ];
    }
    shown.push(section);
  }
  return [...shown, foot];
}

function scenarioSection(scenario: ScenarioVerdict): string {
  const matrix = matrixOf(scenario);
  const head = matrix.columns.map(({ fault, profile }) =>
    profile === undefined ? fault : `${fault}<br>${code(profile)}`,
  );
  const rows = matrix.rows.map((row) => [
    `**${row.claim}**`,
    ...row.cells.map((cell) => cellText(cell, scenario)),
  ]);
  const reasons = reasonLines(scenario);
  const coverage = scenario.explorations.map(
    (exploration) =>
      `- ${escaped(conditionText(exploration))}: ${countOf(exploration.states, 'state')} (${shareText(exploration)}), ${countOf(exploration.images, 'different image')}, ${countOf(exploration.crashPoints, 'crash point')}`,
  );
  const notes = notesOf(scenario).map((note) => `- note: ${escaped(note)}`);
  return [
    `### ${escaped(scenario.name)}`,
    escaped(`${subjectText(scenario)}, ${scenario.layer} layer, profiles ${joinWords(scenario.profiles)}`),
    table(['claim', ...head], rows),
    ...(isMutated(scenario) ? [barrierTable(scenario, { escaped, code })] : []),
    ...(isTortured(scenario) ? [coverageSection(scenario, escaped)] : []),
    ...(reasons.length > 0 ? [listOf(reasons)] : []),
    ...(notes.length > 0 ? [listOf(notes)] : []),
    ...(coverage.length > 0 ? [folded('How many states were judged', listOf(coverage))] : []),
  ].join('\n\n');
}

function reasonLines(scenario: ScenarioVerdict): readonly string[] {
  return reasonsOf(scenario).map(
    ({ status, why, which }) =>
      `- ${status === 'unknown' ? 'unknown' : 'not tested'}: ${joinWords(which, 6)}: ${escaped(why)}`,
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cellText(cell: Cell | undefined, scenario: ScenarioVerdict): string {
  if (cell === undefined) return '';
  const finding = cell.finding === undefined ? '' : `, finding ${escaped(cell.finding)}`;
  switch (statusOfCell(cell)) {
    case 'held':
      return `✅ held in ${formatCount(cell.states)}`;
    case 'violated':
      return `❌ violated in ${violatedShare(cell, scenario)}${finding}`;
    case 'unknown':
      return `❔ unknown`;
    case 'not-tested':
      return 'not tested';
  }
}

function violatedShare(cell: Cell, scenario: ScenarioVerdict): string {
  const occurrences = occurrencesOf(cell, scenario);
  return occurrences === undefined
    ? `some of ${formatCount(cell.states)}`
    : `${formatCount(occurrences)} of ${formatCount(cell.states)}`;
}

function canarySection(canaries: readonly CanaryScenario[]): string {
  const lines = canaries.map((scenario) => {
    const outcome = canaryOutcome(scenario);
    const mark = { found: '✅ ', missed: '❔ ', forgiven: '', 'not-tested': '' }[outcome];
    return `- ${mark} ${code(scenario.name)} ${canaryWords[outcome]}: ${canarySentence(scenario)}`.replace(
      '-  ',
      '- ',
    );
  });
  const tortured = canaries
    .filter(isTortured)
    .map((scenario) => folded(code(scenario.name), coverageSection(scenario, escaped)));
  return [`### Canaries\n\n${lines.join('\n')}`, ...tortured].join('\n\n');
}

function findingSection(reported: ReportedFinding): string {
  const { finding, scenario, role } = reported;
  const what = `${finding.claim} under ${escaped(conditionText(finding))} (${escaped(scenario.name)})`;
  const title = {
    violation: '❌ Finding',
    planted: '✅ Canary’s finding',
    'beside-planted': '✅ Canary’s finding',
    mutant: '✅ Without a barrier, finding',
  }[role];
  const name = `${title} ${finding.id}: ${what}`;
  const body = [
    escaped(summaryText(reported)),
    escaped(asSentence(finding.crash)),
    fenced(renderTimeline(reported, timelineColumns, createPaint(false))),
    `**Why the disk may look like this**\n\n${listOf(
      finding.permittedBy.map(
        ({ rule, text, source }) => `- ${code(rule)}: ${escaped(text)} _Source: ${escaped(source)}_`,
      ),
    )}`,
    `**Expected (-) and recovered (+)**\n\n${fenced(diffText(finding), 'diff')}`,
    shrinkSentence(finding),
    `**Replay**\n\n${fenced([visible(finding.replay.command)], 'sh')}`,
    ...(finding.stderr === undefined
      ? []
      : [`**stderr**\n\n${fenced(visibleLines(finding.stderr).slice(-linesMax))}`]),
  ].join('\n\n');
  // A violation is open: the reader came for it. A canary's story is there for who wants it.
  return role === 'violation' ? `### ${name}\n\n${body}` : folded(name, body);
}

/** Equal lines as they are; between them, all that was expected, then all that was recovered. */
function diffText(finding: Finding): readonly string[] {
  const focused = focusLines(finding.expected, finding.recovered, linesMax);
  const lines: string[] = [];
  const recovered: string[] = [];
  for (const row of diffLines(focused.expected, focused.recovered)) {
    if (isSame(row)) {
      lines.push(...recovered.splice(0), ` ${shown(row.expected ?? '')}`);
      continue;
    }
    if (row.expected !== undefined) lines.push(`-${shown(row.expected)}`);
    if (row.recovered !== undefined) recovered.push(`+${shown(row.recovered)}`);
  }
  return [...lines, ...recovered];
}

function shown(text: string): string {
  return cutText(visible(text), lineCharactersMax);
}

function listOf(lines: readonly string[]): string {
  const more = lines.length - linesMax;
  return [...lines.slice(0, linesMax), ...(more > 0 ? [`- and ${formatCount(more)} more`] : [])].join('\n');
}

function folded(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** A block that no line of it can end. */
function fenced(lines: readonly string[], language = ''): string {
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${lines.join('\n')}\n${fence}`;
}

/** Text without a meaning of its own in Markdown or HTML; it mentions nobody and links no number. */
function escaped(text: string): string {
  return cutText(visible(text), 2000)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_{}[\]|~]/g, '\\$&')
    .replace(/(@|#|:\/\/|www\.)(?=\w)/g, '$1<!-- -->');
}

/** HTML's code rather than backticks: those cannot hold a backtick, a pipe or a mention safely in every place. */
function code(text: string): string {
  return `<code>${escaped(text)}</code>`;
}
