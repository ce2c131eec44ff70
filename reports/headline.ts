import { mutationHeadline } from './mutation/table.ts';
import {
  type CanaryScenario,
  canaryOutcome,
  canarySentence,
  isCanary,
  statesJudged,
  statusOfCell,
  unitOf,
} from './summary.ts';
import { capitalise, countOf, formatCount, joinWords } from './text.ts';
import type { Claim, FaultKind, ScenarioVerdict, Status, Verdict } from './verdict.ts';

/** The verdict of a whole run in one sentence, with what must be said beside it. */

const worstFirst: readonly Status[] = ['violated', 'unknown', 'not-tested', 'held'];

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

export interface Headline {
  readonly status: 'held' | 'violated' | 'unknown';
  /** `Violated`, `Held`, `Unknown`, `Canary found`, `Canary forgiven`; of barriers `Undetected`, `All detected`. */
  readonly label: string;
  /** The verdict in one sentence. */
  readonly sentence: string;
  /** Sentences without which the first one would say too much. */
  readonly caveats: readonly string[];
}

export function headline(verdict: Verdict): Headline {
  return mutationHeadline(verdict) ?? claimsHeadline(verdict);
}

function claimsHeadline(verdict: Verdict): Headline {
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
        ? answer(...canariesAnswer(canaries))
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
  const shown =
    claims.length === 0 ? outcomes.includes('found') || outcomes.includes('forgiven') : some('held');
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
    return `this run is worthless: the known bug of ${names} was not found, so what held elsewhere proves nothing`;
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
  const unit = unitOf(...verdict.scenarios) === 'cycle' ? 'cycle' : 'crash state';
  const where = `in the ${countOf(states, unit)} that ${states === 1 ? 'was' : 'were'} judged`;
  if (tested === claims.length) {
    return tested === 1
      ? `the stated claim held ${where}`
      : `all ${formatCount(tested)} stated claims held ${where}`;
  }
  return `the ${countOf(tested, 'claim')} that could be tested held ${where}`;
}

function canariesAnswer(canaries: readonly CanaryScenario[]): [label: string, sentence: string] {
  const found = canaries.filter((scenario) => canaryOutcome(scenario) === 'found');
  const forgiven = canaries.filter((scenario) => canaryOutcome(scenario) === 'forgiven');
  const [only, ...others] = [...found, ...forgiven];
  if (only === undefined) return ['Canary found', 'nothing was tested'];
  const label = found.length > 0 ? 'Canary found' : 'Canary forgiven';
  if (others.length === 0) return [label, canarySentence(only)];
  const all = forgiven.length === 0 ? `all ${found.length}` : formatCount(found.length);
  const beside =
    forgiven.length === 0 ? '' : `; of ${formatCount(forgiven.length)} the bug does no harm here`;
  return [label, `${all} canaries that ran were found: each known bug broke its claim, as it must${beside}`];
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
      `The known bug of ${joinWords(missed.map(({ name }) => name))} was not found: do not trust what held.`,
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
    caveats.push(`${which} found: the run notices ${found === 1 ? 'a known bug' : 'known bugs'}.`);
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
