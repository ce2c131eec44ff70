import type { BarrierVerdict, BrokenClaim, Mutation, Status } from '../../reports/verdict.ts';
import type { Scenario } from '../scenario.ts';
import type { Attempted, MutantResult } from './task.ts';

/** What was found out about one barrier. */
export interface TriedBarrier {
  readonly name: string;
  readonly issued: number;
  /** Absent where the run ended before its turn came. */
  readonly result?: MutantResult;
  /** The names of those that cover the same, for {@link MutantResult.coveredBy}. */
  readonly coveredBy: readonly string[];
  /** The finding's id, where it was confirmed. */
  readonly finding?: string;
}

type Accepted = NonNullable<Scenario['mutation']>['redundant'];

/** `cut`: why the run ended early, if it did. */
export function rowOf(tried: TriedBarrier, accepted: Accepted, cut: string | undefined): BarrierVerdict {
  const { name, issued, result, coveredBy } = tried;
  const { attempted = [] } = result ?? {};
  const legal = attempted.map(({ legalStates = Number.NaN }) => legalStates);
  const legalStates = legal.reduce((sum, count) => sum + count, 0);
  const row = {
    name,
    issued,
    states: attempted.reduce((sum, { states }) => sum + states, 0),
    ...(Number.isNaN(legalStates) ? {} : { legalStates }),
    breaks: attempted.flatMap(brokenIn),
    coveredBy,
  };
  const unknown = (why: string): BarrierVerdict => ({ ...row, status: 'unknown', why });
  if (row.breaks.length > 0) {
    return tried.finding === undefined
      ? unknown(notConfirmed)
      : { ...row, status: 'detected', finding: tried.finding };
  }
  if (cut !== undefined && result?.coveredBy === undefined) return unknown(cut);
  const why = attempted
    .flatMap(({ tallies }) => [...tallies.values()])
    .find((tally) => tally.unknown > 0)?.why;
  if (why !== undefined) return unknown(why);
  const reason = accepted.find(({ barrier }) => isMeant(barrier, name))?.why;
  const isRedundant = reason !== undefined || result?.coveredBy !== undefined;
  return {
    ...row,
    status: isRedundant ? 'redundant' : 'undetected',
    ...(reason === undefined ? {} : { accepted: reason }),
  };
}

/** By its whole name, or by the words that it begins with: `fsync wal/prepare.tmp` is all that is done there. */
function isMeant(accepted: string, name: string): boolean {
  return name === accepted || name.startsWith(`${accepted} `);
}

const notConfirmed =
  'A claim broke without it, and did not break again with a subject that was started for that image alone: the subject is not deterministic, or keeps something between opens (feature "reopen").';

function brokenIn({ fault, profile, states, tallies }: Attempted): BrokenClaim[] {
  return [...tallies].flatMap(([claim, { violated }]) =>
    violated === 0 ? [] : [{ claim, fault, profile, violated, states }],
  );
}

/** A barrier that nobody misses is a hole in the tests; one that others cover is to be accounted for by the scenario. */
export function statusOf({ barriers }: Mutation): Exclude<Status, 'not-tested'> {
  if (barriers.some(({ status }) => status === 'undetected')) return 'violated';
  const isSettled = ({ status, accepted }: BarrierVerdict) =>
    status === 'detected' || (status === 'redundant' && accepted !== undefined);
  return barriers.length > 0 && barriers.every(isSettled) ? 'held' : 'unknown';
}

/** What the scenario says of barriers, and that is not so. */
export function remarksOn(barriers: readonly BarrierVerdict[], accepted: Accepted): string[] {
  return accepted.flatMap(({ barrier }) => {
    const meant = barriers.filter(({ name }) => isMeant(barrier, name));
    if (meant.some(({ accepted: why }) => why !== undefined)) return [];
    const reason = meant.length === 0 ? 'this run has no such barrier' : 'a claim breaks without it';
    return [`The scenario accepts "${barrier}" as redundant: ${reason}.`];
  });
}
