import { headline } from './headline.ts';
import { notesOf } from './matrix.ts';
import { isMutated } from './mutation/table.ts';
import { renderBarriers } from './mutation/terminal.ts';
import {
  type CanaryScenario,
  canaryOutcome,
  canarySentence,
  canarySigns,
  canaryTones,
  canaryWords,
  conditionText,
  isCanary,
  type ReportedFinding,
  reportedFindings,
  statesJudged,
  subjectText,
  unitOf,
  workText,
} from './summary.ts';
import { renderFinding } from './terminal/finding.ts';
import { matrixLegend, renderMatrix, renderReasons } from './terminal/matrix.ts';
import { createPaint, type Paint } from './terminal/paint.ts';
import { countOf, formatCount, formatSeconds, indented, joinWords, visible } from './text.ts';
import { isTortured } from './torture/table.ts';
import { renderTorture } from './torture/terminal.ts';
import type { ScenarioVerdict, Verdict } from './verdict.ts';

export interface TerminalOptions {
  /** Columns; less than 60 is taken as 60. */
  readonly width: number;
  readonly colour: boolean;
  /** Path of the HTML report, to be named last. */
  readonly reportPath?: string;
}

/** Stories told in full; after the first few, more of them bury the answer. */
const violationsToldMax = 5;
const canariesToldMax = 1;

/** The verdict for a terminal: the answer, then the matrix, then each finding's story, then where to read on. */
export function renderTerminal(verdict: Verdict, options: TerminalOptions): string {
  const width = Math.max(60, options.width);
  const paint = createPaint(options.colour);
  const findings = reportedFindings(verdict);
  const scenarios = verdict.scenarios.filter((scenario) => !isCanary(scenario));
  const blocks = [
    answer(verdict, width, paint),
    ...scenarios.map((scenario) => scenarioBlock(scenario, width, paint)),
    ...(scenarios.length > 0
      ? [indented(matrixLegend, width, '  ').map((line) => paint('faint', line))]
      : []),
    canaryBlock(verdict.scenarios.filter(isCanary), width, paint),
    ...stories(findings, width, paint),
    closing(verdict, options.reportPath, width, paint),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function answer(verdict: Verdict, width: number, paint: Paint): readonly string[] {
  const { status, label, sentence, caveats } = headline(verdict);
  const [first = '', ...rest] = indented(visible(sentence), width - label.length - 3, '');
  return [
    `${paint(status, label.toUpperCase())}  ${paint('strong', first)}`,
    ...rest.map((line) => `${' '.repeat(label.length + 2)}${paint('strong', line)}`),
    ...caveats.flatMap((caveat) => indented(visible(caveat), width, '  ')),
  ];
}

function scenarioBlock(scenario: ScenarioVerdict, width: number, paint: Paint): readonly string[] {
  const { subject, profiles, volumes } = scenario;
  const where = [
    `${subjectText(scenario)} (${subject.how})`,
    `${scenario.layer} layer`,
    `${volumes.length === 1 ? 'volume' : 'volumes'} ${joinWords(volumes)}`,
    `${profiles.length === 1 ? 'profile' : 'profiles'} ${joinWords(profiles)}`,
  ];
  const work = [workText(scenario), `${countOf(statesJudged(scenario), unitOf(scenario))} judged`];
  const facts = [where.join(' · '), work.filter((text) => text !== '').join('; ')];
  return [
    paint('strong', visible(scenario.name)),
    ...facts.flatMap((text) => indented(visible(text), width, '  ')).map((line) => paint('faint', line)),
    '',
    ...renderMatrix(scenario, width, paint),
    ...(isMutated(scenario) ? ['', ...renderBarriers(scenario, width, paint)] : []),
    ...(isTortured(scenario) ? ['', ...renderTorture(scenario, width, paint)] : []),
    ...spaced(renderReasons(scenario, width, paint)),
    ...spaced(notes(scenario, width)),
  ];
}

function notes(scenario: ScenarioVerdict, width: number): readonly string[] {
  return notesOf(scenario).flatMap((note) => indented(`note: ${visible(note)}`, width, '  ', '    '));
}

function spaced(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function canaryBlock(canaries: readonly CanaryScenario[], width: number, paint: Paint): readonly string[] {
  if (canaries.length === 0) return [];
  return [
    paint('strong', 'Canaries'),
    ...canaries.flatMap((scenario) => {
      const outcome = canaryOutcome(scenario);
      const lines = indented(
        `${visible(scenario.name)} ${canaryWords[outcome]}: ${canarySentence(scenario)}`,
        width,
        `  ${canarySigns[outcome]} `,
        '    ',
      );
      return [
        ...lines.map((line) => paint(canaryTones[outcome], line)),
        ...renderReasons(scenario, width, paint),
        ...(isTortured(scenario) ? renderTorture(scenario, width, paint) : []),
        ...notes(scenario, width),
      ];
    }),
  ];
}

function stories(
  findings: readonly ReportedFinding[],
  width: number,
  paint: Paint,
): readonly (readonly string[])[] {
  const violations = findings.filter(({ role }) => role === 'violation');
  const planted = findings.filter(({ role }) => role === 'planted');
  const told = [...violations.slice(0, violationsToldMax), ...planted.slice(0, canariesToldMax)];
  // What breaks without a barrier stands in the table of barriers.
  const rest = findings.filter((reported) => !told.includes(reported) && reported.role !== 'mutant');
  const rule = paint('faint', '─'.repeat(Math.min(width, 120)));
  const more = rest.map(
    ({ finding, scenario, role }) =>
      `  ${role === 'violation' ? '✗' : 'canary'} #${finding.id} ${finding.claim} under ${visible(conditionText(finding))} · ${visible(scenario.name)}`,
  );
  return [
    ...told.map((reported) => [rule, ...renderFinding(reported, width, paint)]),
    ...(more.length > 0
      ? [[paint('strong', 'Further findings, told in the HTML report'), ...cutList(more)]]
      : []),
  ];
}

const linesMax = 20;

function cutList(lines: readonly string[]): readonly string[] {
  if (lines.length <= linesMax) return lines;
  return [...lines.slice(0, linesMax), `  and ${formatCount(lines.length - linesMax)} more`];
}

/** The last lines on the screen: the answer once more in a word, and where to read on. */
function closing(
  verdict: Verdict,
  reportPath: string | undefined,
  width: number,
  paint: Paint,
): readonly string[] {
  const { status, label } = headline(verdict);
  const states = verdict.scenarios.reduce((sum, scenario) => sum + statesJudged(scenario), 0);
  const unit = unitOf(...verdict.scenarios);
  const figures = [
    countOf(states, unit),
    countOf(reportedFindings(verdict).length, 'finding'),
    formatSeconds(verdict.timing.seconds),
    `${formatCount(verdict.timing.imagesPerSecond)} ${unit === 'cycle' ? 'cycles' : 'images'}/s`,
    `seed ${verdict.seed}`,
  ];
  return [
    ...indented(figures.join(' · '), width, `${label}: `, '  ').map((line) =>
      line.startsWith(label) ? `${paint(status, label)}${line.slice(label.length)}` : line,
    ),
    ...(reportPath === undefined ? [] : [`Report: ${visible(reportPath)}`]),
  ];
}
