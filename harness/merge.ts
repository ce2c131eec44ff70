import type { Claim } from '../reports/verdict.ts';
import type { ClaimTally, Coverage, ExploredFault, ExploreResult, ExploreTask } from './exploration.ts';
import type { Unstruck } from './unstruck.ts';

/** One fault under one profile, from all lanes. */
export interface Explored {
  readonly fault: ExploredFault;
  readonly profile: string;
  readonly task: ExploreTask;
  readonly result: MergedResult;
  /** Of real kills. */
  readonly tortured?: ReadonlyMap<Claim, ClaimTally>;
}

export interface MergedResult {
  readonly coverage: Coverage;
  /** Legal states of the workload's own run, where all of them were looked at. */
  readonly legalStates?: number;
  readonly tallies: ReadonlyMap<Claim, ClaimTally>;
  readonly outcomes: ReadonlySet<string>;
  readonly unstruck: readonly Unstruck[];
  readonly notes: readonly string[];
}

/** Each lane walked the shared run whole, and its own runs alone. */
export function mergeResults(results: readonly ExploreResult[]): MergedResult {
  const [first] = results;
  if (first === undefined) throw new Error('an exploration needs at least one lane');
  const sum = (read: (coverage: Coverage) => number) =>
    results.reduce((total, { own }) => total + read(own), read(first.shared));
  const exhaustive = results.every((result) => result.exhaustive);
  return {
    coverage: {
      crashPoints: sum(({ crashPoints }) => crashPoints),
      states: sum(({ states }) => states),
      images: sum(({ images }) => images),
    },
    ...(exhaustive ? { legalStates: first.shared.states } : {}),
    tallies: mergeTallies(results.map((result) => result.tallies)),
    outcomes: new Set(results.flatMap(({ outcomes }) => [...outcomes])),
    unstruck: results.flatMap(({ unstruck }) => unstruck).sort((a, b) => a.place - b.place),
    notes: [...new Set(results.flatMap((result) => result.notes))].sort(),
  };
}

export function mergeTallies(all: readonly ReadonlyMap<Claim, ClaimTally>[]): Map<Claim, ClaimTally> {
  const merged = new Map<Claim, ClaimTally>();
  for (const tallies of all) {
    for (const [claim, tally] of tallies) merged.set(claim, addTallies(merged.get(claim), tally));
  }
  return merged;
}

function addTallies(a: ClaimTally | undefined, b: ClaimTally): ClaimTally {
  if (a === undefined) return b;
  const why = a.why ?? b.why;
  const first = [a.first, b.first].filter((violation) => violation !== undefined).sort(byPlace)[0];
  return {
    held: a.held + b.held,
    violated: a.violated + b.violated,
    unknown: a.unknown + b.unknown,
    ...(why === undefined ? {} : { why }),
    ...(first === undefined ? {} : { first }),
  };
}

/** Claims that broke. */
export function countViolated(tallies: ReadonlyMap<Claim, ClaimTally>): number {
  return [...tallies.values()].filter(({ violated }) => violated > 0).length;
}

function byPlace(a: { readonly place: readonly number[] }, b: { readonly place: readonly number[] }): number {
  const length = Math.max(a.place.length, b.place.length);
  for (let index = 0; index < length; index++) {
    const difference = (a.place[index] ?? -1) - (b.place[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
