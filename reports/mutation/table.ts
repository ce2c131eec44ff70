import type { Headline } from '../headline.ts';
import { conditionText } from '../summary.ts';
import { capitalise, countOf, formatCount, joinLines, joinWords } from '../text.ts';
import type { BarrierVerdict, Mutation, ScenarioVerdict, Verdict } from '../verdict.ts';

/** What leaving barriers out has shown, in words that every report shares. docs/mutation.md. */

export type MutatedScenario = ScenarioVerdict & { readonly mutation: Mutation };

export function isMutated(scenario: ScenarioVerdict): scenario is MutatedScenario {
  return scenario.mutation !== undefined;
}

export const tableTitle = 'Barriers left out, one at a time';

const worstFirst = ['undetected', 'unknown', 'redundant', 'detected'] as const;

/** What a reader must see comes first; in each group the order of the verdict. */
export function barriersWorstFirst({ mutation }: MutatedScenario): readonly BarrierVerdict[] {
  return worstFirst.flatMap((status) => mutation.barriers.filter((barrier) => barrier.status === status));
}

/** `undetected`, `redundant, accepted`. */
export function statusText({ status, accepted }: BarrierVerdict): string {
  return accepted === undefined ? status : `${status}, accepted`;
}

/** Whether the reader has nothing to do about it. */
export function isSettled({ status, accepted }: BarrierVerdict): boolean {
  return status === 'detected' || (status === 'redundant' && accepted !== undefined);
}

/** What happens without the barrier, in one sentence without a full stop. */
export function outcomeText(barrier: BarrierVerdict): string {
  switch (barrier.status) {
    case 'detected':
      return breaksText(barrier);
    case 'undetected':
      return `no claim breaks in ${statesText(barrier)}`;
    case 'redundant':
      return redundancyText(barrier);
    case 'unknown':
      return barrier.why === undefined ? 'no reason was given' : joinLines(barrier.why);
  }
}

function breaksText({ breaks, finding }: BarrierVerdict): string {
  const [first, ...others] = breaks;
  if (first === undefined) return 'a claim breaks; the verdict does not say which';
  const also = others.length === 0 ? '' : `; so does ${joinWords(others.map(({ claim }) => claim))}`;
  const proof = finding === undefined ? '' : ` (finding ${finding})`;
  const where = `${formatCount(first.violated)} of ${countOf(first.states, 'state')}`;
  return `${first.claim} breaks under ${conditionText(first)} in ${where}${proof}${also}`;
}

function redundancyText(barrier: BarrierVerdict): string {
  const { coveredBy, accepted } = barrier;
  const wasJudged = barrier.states > 0;
  const covered =
    coveredBy.length > 0
      ? `covered in every state by ${joinWords(coveredBy)}`
      : 'there is nothing that it makes durable';
  const shown = wasJudged ? `no claim breaks in ${statesText(barrier)}` : covered;
  return `${shown}; ${accepted === undefined ? 'the scenario does not say why it is there' : `accepted: ${accepted}`}`;
}

/** `750 of 1,204 states`; `750 states, of too many to count`. */
function statesText({ states, legalStates }: BarrierVerdict): string {
  if (legalStates === undefined) return `${countOf(states, 'state')}, of too many to count`;
  return `${formatCount(states)} of ${countOf(legalStates, 'state')}`;
}

/** How much was tried, in one sentence without a full stop. */
export function effortText({ mutation: { statesEach, runs } }: MutatedScenario): string {
  const recordings = runs === 1 ? 'the workload' : `the workload and ${countOf(runs - 1, 'reopened run')}`;
  return `left out of ${recordings}; up to ${countOf(statesEach, 'crash state')} for each barrier, fault and profile, all of which are legal only without it`;
}

/** The verdict of a run that left barriers out, in one sentence; undefined for any other run. */
export function mutationHeadline(verdict: Verdict): Headline | undefined {
  const scenarios = verdict.scenarios.filter(isMutated);
  if (scenarios.length === 0) return undefined;
  const barriers = scenarios.flatMap(({ mutation }) => mutation.barriers);
  const count = (isCounted: (barrier: BarrierVerdict) => boolean) => barriers.filter(isCounted).length;
  const undetected = barriers.filter(({ status }) => status === 'undetected');
  const all = countOf(barriers.length, 'barrier');
  const caveats = caveatsOf(verdict, scenarios.length);
  if (verdict.status === 'violated') {
    const names = undetected.map(({ name }) => `“${name}”`);
    const sentence =
      names.length === 0
        ? 'a claim is violated with every barrier in its place'
        : `${formatCount(names.length)} of ${all} can be left out and no test notices: ${joinWords(names, 3)}`;
    return { status: 'violated', label: 'Undetected', sentence: `${capitalise(sentence)}.`, caveats };
  }
  const accepted = count(({ accepted: why }) => why !== undefined);
  if (verdict.status === 'held') {
    const redundant =
      accepted === 0 ? '' : `, ${formatCount(accepted)} of them redundant for a reason that is accepted`;
    const sentence = `All ${all} are accounted for${redundant}; a claim breaks without any of the others.`;
    return { status: 'held', label: 'All detected', sentence, caveats };
  }
  const open = count((barrier) => !isSettled(barrier));
  const sentence = `${formatCount(open)} of ${all} ${open === 1 ? 'is' : 'are'} redundant for no reason that the scenario gives, or unknown.`;
  return { status: 'unknown', label: 'Unknown', sentence, caveats };
}

function caveatsOf({ interrupted, scenarios }: Verdict, mutated: number): string[] {
  const caveats: string[] = [];
  if (interrupted !== undefined)
    caveats.push(`The run was interrupted (${interrupted}): this covers only what was done until then.`);
  const others = scenarios.length - mutated;
  if (others > 0)
    caveats.push(`Of ${countOf(others, 'scenario')} no barrier could be left out: see the notes.`);
  return caveats;
}
