import { create } from 'xmlbuilder2';
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js';
import { isDoubtfulAsAWhole } from './matrix.ts';
import { type BarrierCase, barrierCases } from './mutation/junit.ts';
import { isMutated } from './mutation/table.ts';
import {
  type CanaryScenario,
  canaryOutcome,
  canarySentence,
  canaryWords,
  conditionText,
  isCanary,
  reportedFindings,
  statusOfCell,
  subjectText,
  whyOfCell,
} from './summary.ts';
import { renderFinding } from './terminal/finding.ts';
import { createPaint } from './terminal/paint.ts';
import { countOf, joinLines, visible } from './text.ts';
import { coverageCase } from './torture/junit.ts';
import { isTortured, type TorturedScenario } from './torture/table.ts';
import type { Cell, ScenarioVerdict, Verdict } from './verdict.ts';

const storyColumns = 100;

/**
 * The verdict as JUnit XML: a suite a scenario, a case a claim under a fault on a profile. `failure` is violated,
 * `error` is unknown, `skipped` is not tested. A canary's suite has one case: that its known bug was found.
 */
export function renderJunit(verdict: Verdict): string {
  const suites = verdict.scenarios.map((scenario) => suiteOf(scenario, verdict));
  const document = create({ version: '1.0', encoding: 'UTF-8' });
  const root = document.ele('testsuites', {
    name: 'powercut',
    ...counts(suites.flatMap(({ cases }) => cases)),
    time: verdict.timing.seconds.toFixed(3),
  });
  for (const suite of suites) writeSuite(root, suite, verdict);
  return `${document.end({ prettyPrint: true })}\n`;
}

type Outcome =
  | { readonly kind: 'passed'; readonly output: string }
  | {
      readonly kind: 'failure' | 'error';
      readonly type: string;
      readonly message: string;
      readonly text: string;
    }
  | { readonly kind: 'skipped'; readonly message: string };

interface Case {
  readonly name: string;
  readonly outcome: Outcome;
}

interface Suite {
  readonly scenario: ScenarioVerdict;
  readonly cases: readonly Case[];
}

function suiteOf(scenario: ScenarioVerdict, verdict: Verdict): Suite {
  const coverage = isTortured(scenario) ? [tortureCase(scenario)] : [];
  if (isCanary(scenario)) return { scenario, cases: [canaryCase(scenario, verdict), ...coverage] };
  const cases: Case[] = scenario.cells.map((cell) => ({
    name: `${cell.claim} under ${conditionText(cell)}`,
    outcome: outcomeOf(cell, scenario, verdict),
  }));
  if (isMutated(scenario)) cases.push(...barrierCases(scenario).map((one) => caseOf(one, scenario, verdict)));
  cases.push(...coverage);
  if (isDoubtfulAsAWhole(scenario)) {
    const message = `unknown: ${scenario.notes.map(joinLines).join(' ')}`;
    cases.push({
      name: 'the scenario as a whole',
      outcome: { kind: 'error', type: 'unknown', message, text: message },
    });
  }
  if (cases.length > 0) return { scenario, cases };
  // A suite without a case reads as passed.
  const message = 'the scenario states no claim';
  return { scenario, cases: [{ name: 'claims', outcome: { kind: 'skipped', message } }] };
}

function caseOf(
  { name, kind, text, finding }: BarrierCase,
  scenario: ScenarioVerdict,
  verdict: Verdict,
): Case {
  const story = finding === undefined ? '' : `\n\n${storyOf(scenario, finding, verdict)}`;
  if (kind === 'passed') return { name, outcome: { kind, output: `${text}${story}` } };
  return { name, outcome: { kind, type: 'barrier', message: text, text } };
}

function tortureCase(scenario: TorturedScenario): Case {
  const { name, output } = coverageCase(scenario);
  return { name, outcome: { kind: 'passed', output } };
}

function outcomeOf(cell: Cell, scenario: ScenarioVerdict, verdict: Verdict): Outcome {
  switch (statusOfCell(cell)) {
    case 'held':
      return { kind: 'passed', output: `held in ${countOf(cell.states, 'judged state')}` };
    case 'violated':
      return failureOf(cell, scenario, verdict);
    case 'unknown': {
      const message = `unknown: ${whyOfCell(cell)}`;
      return { kind: 'error', type: 'unknown', message, text: message };
    }
    case 'not-tested':
      return { kind: 'skipped', message: `not tested: ${whyOfCell(cell)}` };
  }
}

function failureOf(cell: Cell, scenario: ScenarioVerdict, verdict: Verdict): Outcome {
  const finding = scenario.findings.find(({ id }) => id === cell.finding);
  const message =
    finding === undefined
      ? `${cell.claim} is violated; the verdict holds no finding for it`
      : joinLines(finding.summary);
  const text = finding === undefined ? message : storyOf(scenario, finding.id, verdict);
  return { kind: 'failure', type: cell.claim, message, text };
}

function canaryCase(scenario: CanaryScenario, verdict: Verdict): Case {
  const { breaks, under } = scenario.canary;
  const outcome = canaryOutcome(scenario);
  const sentence = `canary ${canaryWords[outcome]}: ${canarySentence(scenario)}`;
  const name = `canary: the known bug breaks ${breaks} under ${under}`;
  switch (outcome) {
    case 'found': {
      const finding = scenario.findings.find(({ claim, fault }) => claim === breaks && fault === under);
      const story = finding === undefined ? '' : `\n\n${storyOf(scenario, finding.id, verdict)}`;
      return { name, outcome: { kind: 'passed', output: `${sentence}${story}` } };
    }
    case 'missed':
      return { name, outcome: { kind: 'error', type: 'canary', message: sentence, text: sentence } };
    case 'forgiven':
    case 'not-tested':
      return { name, outcome: { kind: 'skipped', message: sentence } };
  }
}

function storyOf(scenario: ScenarioVerdict, id: string, verdict: Verdict): string {
  const reported = reportedFindings(verdict).find(
    (candidate) => candidate.scenario === scenario && candidate.finding.id === id,
  );
  return reported === undefined ? '' : renderFinding(reported, storyColumns, createPaint(false)).join('\n');
}

function counts(cases: readonly Case[]) {
  const count = (kind: Outcome['kind']) => cases.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

function writeSuite(root: XMLBuilder, { scenario, cases }: Suite, verdict: Verdict): void {
  const suite = root.ele('testsuite', {
    name: visible(scenario.name),
    ...counts(cases),
    time: (verdict.timing.scenarios[scenario.name] ?? 0).toFixed(3),
    timestamp: visible(verdict.environment.startedAt),
  });
  const properties = suite.ele('properties');
  for (const [name, value] of Object.entries(propertiesOf(scenario, verdict))) {
    properties.ele('property', { name, value: visible(value) });
  }
  for (const { name, outcome } of cases) {
    const element = suite.ele('testcase', {
      name: visible(name),
      classname: visible(scenario.name),
      ...(scenario.file === undefined ? {} : { file: visible(scenario.file) }),
    });
    writeOutcome(element, outcome);
  }
}

function propertiesOf(scenario: ScenarioVerdict, verdict: Verdict): Readonly<Record<string, string>> {
  return {
    powercut: verdict.version,
    seed: String(verdict.seed),
    layer: scenario.layer,
    profiles: scenario.profiles.join(' '),
    subject: subjectText(scenario),
    kernel: verdict.environment.kernel,
    ...(verdict.interrupted === undefined ? {} : { interrupted: verdict.interrupted }),
  };
}

function writeOutcome(element: XMLBuilder, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'passed':
      element.ele('system-out').txt(printable(outcome.output));
      return;
    case 'skipped':
      element.ele('skipped', { message: visible(outcome.message) });
      return;
    case 'failure':
    case 'error':
      // The text says it all again: some readers of JUnit show no attribute.
      element
        .ele(outcome.kind, { type: outcome.type, message: visible(outcome.message) })
        .txt(printable(outcome.text));
  }
}

/** Lines stay lines; nothing in them is forbidden in XML. */
function printable(text: string): string {
  return text.split('\n').map(visible).join('\n');
}
