import { capitalise, countOf, formatCount, joinWords } from './text.ts';
import {
  type Cell,
  type Claim,
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
 * A canary's planted bug is not a violation: found, it is a success; not found, it makes the run worthless. What
 * nothing was judged for is never said to have held, whatever the data claim.
 */

const worstFirst: readonly Status[] = ['violated', 'unknown', 'not-tested', 'held'];

/** As the data has it, but a claim that was judged in no state is unknown. */
export function statusOfCell(cell: Cell): Status {
  return cell.status === 'held' && cell.states === 0 ? 'unknown' : cell.status;
}

/** Why a cell is unknown or was not tested. */
export function whyOfCell(cell: Cell): string {
  if (cell.why !== undefined) return cell.why;
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

/** `found`: as it must be. `missed`: it ran, and the bug was not noticed. `not-tested`: it could not run. */
export function canaryOutcome(scenario: CanaryScenario): 'found' | 'missed' | 'not-tested' {
  if (scenario.canary.found) return 'found';
  return scenario.status === 'not-tested' ? 'not-tested' : 'missed';
}

/** `found`, `NOT found`, `not tested`: the outcome in words that are never taken for an alarm, or for a pass. */
export const canaryWords = { found: 'found', missed: 'NOT found', 'not-tested': 'not tested' } as const;

/** What that outcome means, in one sentence without a full stop. */
export function canarySentence(scenario: CanaryScenario): string {
  const { breaks, under, states } = scenario.canary;
  switch (canaryOutcome(scenario)) {
    case 'found':
      return `the planted bug broke ${breaks} under ${under}, as it must (it took ${countOf(states, 'state')})`;
    case 'missed':
      return `the planted bug should have broken ${breaks} under ${under}, and ${missedIn(scenario)}: the run is worthless`;
    case 'not-tested':
      return `whether the planted bug breaks ${breaks} under ${under} could not be tried`;
  }
}

function missedIn(scenario: CanaryScenario): string {
  const states = statesJudged(scenario, [scenario.canary.under]);
  return states === 0 ? 'no state was judged' : `${countOf(states, 'state')} did not show it`;
}

/** Crash states (or kills) that were judged, over all profiles and the faults given. */
export function statesJudged(scenario: ScenarioVerdict, faults: readonly FaultKind[] = faultKinds): number {
  const states = new Map<string, number>();
  for (const { fault, profile, states: judged } of [...scenario.explorations, ...scenario.cells]) {
    if (!faults.includes(fault)) continue;
    const key = `${fault} ${profile}`;
    states.set(key, Math.max(states.get(key) ?? 0, judged));
  }
  return [...states.values()].reduce((sum, count) => sum + count, 0);
}

export interface StatedClaim {
  readonly scenario: ScenarioVerdict;
  readonly claim: Claim;
  readonly fault: FaultKind;
  /** The worst over the profiles. */
  readonly status: Status;
}

/** Each claim under each fault once, over scenarios that are not canaries. */
export function statedClaims(verdict: Verdict): readonly StatedClaim[] {
  return verdict.scenarios.filter((scenario) => !isCanary(scenario)).flatMap(claimsOfScenario);
}

function claimsOfScenario(scenario: ScenarioVerdict): readonly StatedClaim[] {
  const stated = new Map<string, StatedClaim>();
  for (const cell of scenario.cells) {
    const { claim, fault } = cell;
    const key = `${claim} ${fault}`;
    const status = worst([statusOfCell(cell), stated.get(key)?.status ?? 'held']);
    stated.set(key, { scenario, claim, fault, status });
  }
  return [...stated.values()];
}

function worst(statuses: readonly Status[]): Status {
  return worstFirst.find((status) => statuses.includes(status)) ?? 'unknown';
}

export interface ReportedFinding {
  readonly finding: Finding;
  readonly scenario: ScenarioVerdict;
  /** `planted`: what a canary is there to show. `beside-planted`: something else that broke in a canary. */
  readonly role: 'violation' | 'planted' | 'beside-planted';
}

/** Every finding: violations, then planted bugs, then what broke beside those; each in the order of the verdict. */
export function reportedFindings(verdict: Verdict): readonly ReportedFinding[] {
  const all = verdict.scenarios.flatMap((scenario) =>
    scenario.findings.map((finding) => ({ finding, scenario, role: roleOf(finding, scenario) })),
  );
  return (['violation', 'planted', 'beside-planted'] as const).flatMap((role) =>
    all.filter((reported) => reported.role === role),
  );
}

function roleOf(finding: Finding, { canary }: ScenarioVerdict): ReportedFinding['role'] {
  if (canary === undefined) return 'violation';
  return canary.breaks === finding.claim && canary.under === finding.fault ? 'planted' : 'beside-planted';
}

export interface Headline {
  readonly status: 'held' | 'violated' | 'unknown';
  /** `Violated`, `Held`, `Unknown`, `Canary found`. */
  readonly label: string;
  /** The verdict in one sentence. */
  readonly sentence: string;
  /** Sentences without which the first one would say too much. */
  readonly caveats: readonly string[];
}

export function headline(verdict: Verdict): Headline {
  const claims = statedClaims(verdict);
  const canaries = verdict.scenarios.filter(isCanary);
  const status = statusOf(verdict, claims, canaries);
  const caveats = caveatsOf(verdict, claims, canaries, status);
  const answer = (label: string, sentence: string): Headline => ({
    status,
    label,
    sentence: `${capitalise(sentence)}.`,
    caveats,
  });
  switch (status) {
    case 'violated':
      return answer('Violated', violatedSentence(verdict, claims));
    case 'unknown':
      return answer('Unknown', unknownSentence(verdict, claims, canaries));
    case 'held':
      return claims.length === 0
        ? answer('Canary found', canariesFoundSentence(canaries))
        : answer('Held', heldSentence(verdict, claims));
  }
}

/** As the data has it, or worse, where what it holds does not bear it out. */
function statusOf(
  verdict: Verdict,
  claims: readonly StatedClaim[],
  canaries: readonly CanaryScenario[],
): Headline['status'] {
  const some = (status: Status) => claims.some((claim) => claim.status === status);
  const outcomes = canaries.map(canaryOutcome);
  if (verdict.status === 'violated' || some('violated')) return 'violated';
  const shown = claims.length === 0 ? outcomes.includes('found') : some('held');
  const doubtful = verdict.status === 'unknown' || some('unknown') || outcomes.includes('missed');
  return shown && !doubtful ? 'held' : 'unknown';
}

const pairsNamedMax = 3;

function violatedSentence(verdict: Verdict, claims: readonly StatedClaim[]): string {
  const broken = claims.filter(({ status }) => status === 'violated');
  const severalSubjects = verdict.scenarios.filter((scenario) => !isCanary(scenario)).length > 1;
  const named = broken.map(
    ({ claim, fault, scenario }) =>
      `${claim} does not hold under ${fault}${severalSubjects ? ` (${scenario.name})` : ''}`,
  );
  // The data may say that something is violated and not what: repeat that, and invent nothing.
  return named.length === 0 ? 'a claim is violated' : joinWords(named, pairsNamedMax);
}

function unknownSentence(
  verdict: Verdict,
  claims: readonly StatedClaim[],
  canaries: readonly CanaryScenario[],
): string {
  const missed = canaries.filter((scenario) => canaryOutcome(scenario) === 'missed');
  if (missed.length > 0) {
    const names = joinWords(
      missed.map(({ name }) => name),
      pairsNamedMax,
    );
    return `this run is worthless: the planted bug of ${names} was not found, so what held elsewhere proves nothing`;
  }
  if (claims.every(({ status }) => status === 'not-tested')) return 'nothing is known: nothing was tested';
  if (verdict.scenarios.every((scenario) => statesJudged(scenario) === 0)) {
    return 'nothing is known: no crash state was judged';
  }
  const unknown = claims.filter(({ status }) => status === 'unknown').length;
  if (unknown === 0) return 'no claim was seen to break, but the run is not conclusive';
  return `no claim was seen to break, but ${formatCount(unknown)} of ${countOf(claims.length, 'stated claim')} ${unknown === 1 ? 'is' : 'are'} unknown`;
}

function heldSentence(verdict: Verdict, claims: readonly StatedClaim[]): string {
  const tested = claims.filter(({ status }) => status === 'held').length;
  const states = verdict.scenarios
    .filter((scenario) => !isCanary(scenario))
    .reduce((sum, scenario) => sum + statesJudged(scenario), 0);
  const where = `in the ${countOf(states, 'crash state')} that ${states === 1 ? 'was' : 'were'} judged`;
  if (tested === claims.length) {
    return tested === 1
      ? `the stated claim held ${where}`
      : `all ${formatCount(tested)} stated claims held ${where}`;
  }
  return `the ${countOf(tested, 'claim')} that could be tested held ${where}`;
}

function canariesFoundSentence(canaries: readonly CanaryScenario[]): string {
  const [only, ...others] = canaries.filter((scenario) => canaryOutcome(scenario) === 'found');
  if (only === undefined) return 'nothing was tested';
  if (others.length > 0)
    return `all ${others.length + 1} canaries that ran were found: each planted bug broke its claim, as it must`;
  return canarySentence(only);
}

function caveatsOf(
  verdict: Verdict,
  claims: readonly StatedClaim[],
  canaries: readonly CanaryScenario[],
  status: Headline['status'],
): readonly string[] {
  const caveats: string[] = [];
  if (verdict.interrupted !== undefined) {
    caveats.push(
      `The run was interrupted (${verdict.interrupted}): this covers only what was done until then.`,
    );
  }
  const missed = canaries.filter((scenario) => canaryOutcome(scenario) === 'missed');
  if (missed.length > 0 && status === 'violated') {
    caveats.push(
      `The planted bug of ${joinWords(missed.map(({ name }) => name))} was not found: do not trust what held.`,
    );
  }
  if (claims.some((claim) => claim.status === 'held')) caveats.push(meaningOfHeld(verdict));
  const untested = claims.filter((claim) => claim.status === 'not-tested').length;
  if (untested > 0) {
    caveats.push(
      `${capitalise(countOf(untested, 'stated claim'))} ${untested === 1 ? 'was' : 'were'} not tested: that counts neither for nor against.`,
    );
  }
  const found = canaries.filter((scenario) => canaryOutcome(scenario) === 'found').length;
  if (found > 0 && claims.length > 0) {
    const which =
      found === 1
        ? 'The canary was'
        : `${formatCount(found)} of ${formatCount(canaries.length)} canaries were`;
    caveats.push(`${which} found: the run notices ${found === 1 ? 'a planted bug' : 'planted bugs'}.`);
  }
  return caveats;
}

function meaningOfHeld(verdict: Verdict): string {
  const explorations = verdict.scenarios
    .filter((scenario) => !isCanary(scenario))
    .flatMap((scenario) => scenario.explorations);
  const exhaustive = explorations.filter((exploration) => exploration.exhaustive).length;
  const share =
    explorations.length === 0
      ? ''
      : exhaustive === explorations.length
        ? ' They were all the legal states of the recorded run.'
        : ` Every legal state was judged in ${formatCount(exhaustive)} of ${countOf(explorations.length, 'exploration')}.`;
  return `“Held” means: in these states. It is not a proof.${share}`;
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
