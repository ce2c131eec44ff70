import { asSentence, countOf, formatCount, joinLines, joinWords } from './text.ts';
import {
  type CanaryPlace,
  type Cell,
  type Exploration,
  type FaultKind,
  type Finding,
  faultKinds,
  type ScenarioVerdict,
  type Status,
  type Verdict,
} from './verdict.ts';

/**
 * What a verdict says, in words that every report shares.
 *
 * A canary's known bug is not a violation: found, it is a success; not found, it makes the run worthless. What
 * nothing was judged for is never said to have held, whatever the data claim.
 */

/** As the data has it, but a claim that was judged in no state is unknown. */
export function statusOfCell(cell: Cell): Status {
  return cell.status === 'held' && cell.states === 0 ? 'unknown' : cell.status;
}

/** Why a cell is unknown or was not tested. */
export function whyOfCell(cell: Cell): string {
  if (cell.why !== undefined) return joinLines(cell.why);
  return cell.states === 0 ? 'no state was judged' : 'no reason was given';
}

/** `power-loss on posix`; the fault alone where it has no profile, or no profile changes anything. */
export function conditionText({
  fault,
  profile,
}: {
  readonly fault: FaultKind;
  readonly profile: string;
}): string {
  return profile === '-' || profile === 'any' ? fault : `${fault} on ${profile}`;
}

/** In how many of its judged states a violated cell broke, where its finding is there to say so. */
export function occurrencesOf(cell: Cell, scenario: ScenarioVerdict): number | undefined {
  return scenario.findings.find(({ id }) => id === cell.finding)?.occurrences;
}

export type CanaryScenario = ScenarioVerdict & { readonly canary: NonNullable<ScenarioVerdict['canary']> };

export function isCanary(scenario: ScenarioVerdict): scenario is CanaryScenario {
  return scenario.canary !== undefined;
}

/**
 * `found`: as it must be. `missed`: it ran, and the bug was not noticed. `forgiven`: the bug does no harm on any file system that it ran
 * on. `not-tested`: it could not run.
 */
export function canaryOutcome(scenario: CanaryScenario): CanaryPlace['outcome'] {
  if (scenario.canary.found) return 'found';
  if (scenario.status === 'not-tested') return 'not-tested';
  const missed = placesOf(scenario, 'missed');
  return missed.length === 0 && placesOf(scenario, 'forgiven').length > 0 ? 'forgiven' : 'missed';
}

/** `found`, `NOT found`, `forgiven`, `not tested`: the outcome in words that are never taken for an alarm, or for a pass. */
export const canaryWords = {
  found: 'found',
  missed: 'NOT found',
  forgiven: 'forgiven',
  'not-tested': 'not tested',
} as const;

export const canarySigns = { found: '✓', missed: '✗', forgiven: '–', 'not-tested': '–' } as const;

/** The status that an outcome is painted as. */
export const canaryTones = {
  found: 'held',
  missed: 'unknown',
  forgiven: 'not-tested',
  'not-tested': 'not-tested',
} as const;

/** The file systems with this outcome. */
function placesOf({ canary }: CanaryScenario, outcome: CanaryPlace['outcome']): readonly string[] {
  return (canary.fileSystems ?? []).filter((place) => place.outcome === outcome).map(({ name }) => name);
}

/** ` on xfs and btrfs`; nothing where it ran on no file system of the kernel's. */
function onPlaces(scenario: CanaryScenario, outcome: CanaryPlace['outcome']): string {
  const names = placesOf(scenario, outcome);
  return names.length === 0 ? '' : ` on ${joinWords(names)}`;
}

/** What that outcome means, in one sentence without a full stop. */
export function canarySentence(scenario: CanaryScenario): string {
  const { breaks, under, states } = scenario.canary;
  switch (canaryOutcome(scenario)) {
    case 'found':
      return `the known bug broke ${breaks} under ${under}${onPlaces(scenario, 'found')}, as it must (it took ${countOf(states, unitOf(scenario))})${alsoForgiven(scenario)}`;
    case 'missed':
      return `the known bug should have broken ${breaks} under ${under}${onPlaces(scenario, 'missed')}, and ${missedIn(scenario)}: the run is worthless`;
    case 'forgiven':
      return `the known bug did not break ${breaks} under ${under}${onPlaces(scenario, 'forgiven')}${becauseOf(scenario)}`;
    case 'not-tested':
      return `whether the known bug breaks ${breaks} under ${under} could not be tried`;
  }
}

function alsoForgiven(scenario: CanaryScenario): string {
  const where = onPlaces(scenario, 'forgiven');
  return where === '' ? '' : `; it did no harm${where}${becauseOf(scenario)}`;
}

function becauseOf({ canary: { forgiving } }: CanaryScenario): string {
  return forgiving === undefined ? '' : `: ${forgiving}`;
}

function missedIn(scenario: CanaryScenario): string {
  const states = statesJudged(scenario, [scenario.canary.under]);
  const unit = unitOf(scenario);
  return states === 0 ? `no ${unit} was judged` : `${countOf(states, unit)} did not show it`;
}

/** Crash states (or kills) that were judged, over all profiles and the faults given. */
export function statesJudged(scenario: ScenarioVerdict, faults: readonly FaultKind[] = faultKinds): number {
  // A cycle counts for each of the faults that befell it, but is one.
  if (scenario.torture !== undefined && faults === faultKinds) return scenario.torture.judged;
  const states = new Map<string, number>();
  for (const { fault, profile, states: judged } of [...scenario.explorations, ...scenario.cells]) {
    if (!faults.includes(fault)) continue;
    const key = `${fault} ${profile}`;
    states.set(key, Math.max(states.get(key) ?? 0, judged));
  }
  return [...states.values()].reduce((sum, count) => sum + count, 0);
}

/** What was judged: torture looks at one state of each cycle. */
export function unitOf(...scenarios: readonly ScenarioVerdict[]): 'state' | 'cycle' {
  const areTortured = scenarios.length > 0 && scenarios.every(({ torture }) => torture !== undefined);
  return areTortured ? 'cycle' : 'state';
}

export interface ReportedFinding {
  readonly finding: Finding;
  readonly scenario: ScenarioVerdict;
  /**
   * `planted`: what a canary is there to show. `beside-planted`: something else that broke in a canary. `mutant`: what breaks
   * without a barrier, as it must.
   */
  readonly role: 'violation' | 'planted' | 'beside-planted' | 'mutant';
}

/** Every finding: violations, then known bugs, then what broke beside those, then what broke without a barrier; each in the order of the verdict. */
export function reportedFindings(verdict: Verdict): readonly ReportedFinding[] {
  const all = verdict.scenarios.flatMap((scenario) =>
    scenario.findings.map((finding) => ({ finding, scenario, role: roleOf(finding, scenario) })),
  );
  return (['violation', 'planted', 'beside-planted', 'mutant'] as const).flatMap((role) =>
    all.filter((reported) => reported.role === role),
  );
}

/** Which promise was broken, as a sentence; the words of a command pair's checker are its author's, and stay as they are. */
export function summaryText({ finding, scenario }: Omit<ReportedFinding, 'role'>): string {
  const text = joinLines(finding.summary);
  return scenario.subject.how === 'command' ? text : asSentence(text);
}

function roleOf(finding: Finding, { canary, mutation }: ScenarioVerdict): ReportedFinding['role'] {
  if (mutation !== undefined) return 'mutant';
  if (canary === undefined) return 'violation';
  return canary.breaks === finding.claim && canary.under === finding.fault ? 'planted' : 'beside-planted';
}

/** What part of the legal states was judged: `every legal state`, `11 % of 18,301 legal states`. */
export function shareText(exploration: Exploration): string {
  const { states, legalStates, exhaustive } = exploration;
  if (states === 0) return 'nothing was judged';
  if (exhaustive) return 'every legal state';
  if (legalStates === undefined) return 'legal states not counted';
  return `${formatShare(states, legalStates)} of ${countOf(legalStates, 'legal state')}`;
}

/** Never rounds up to 100 %, nor down to 0 %. */
function formatShare(part: number, whole: number): string {
  const percent = (100 * part) / Math.max(1, whole);
  if (percent > 0 && percent < 0.1) return 'less than 0.1 %';
  if (part < whole && percent >= 99.9) return 'more than 99.9 %';
  return `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

/** `segment-log 2.4.1`; the name alone where the version is not known. */
export function subjectText({ subject }: ScenarioVerdict): string {
  return subject.version === '' ? subject.name : `${subject.name} ${subject.version}`;
}

/** What was asked of the subject and what that became; '' where it never came to that. */
export function workText({ workload }: ScenarioVerdict): string {
  const { operations, acknowledged, volumeOperations, barriers } = workload;
  if (operations + volumeOperations === 0) return '';
  return `${countOf(operations, 'request')}, ${formatCount(acknowledged)} acknowledged; ${countOf(volumeOperations, 'operation')} on the volume, ${countOf(barriers, 'barrier')}`;
}
