import type { Claim } from '../../reports/verdict.ts';
import type { ClaimTally } from '../exploration.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';
import type { Shrunk } from '../shrink.ts';

/** The faults under which a barrier that is not there can be missed: a killed process loses nothing. */
export const cuts = ['power-loss', 'torn-write'] as const;
export type Cut = (typeof cuts)[number];

/** Leave one barrier out, wherever it was issued, and see who notices. One lane does it. */
export interface MutantTask {
  /** Its name, as {@link barrierNames} makes it. */
  readonly barrier: string;
  /** Those in which it was issued; the first is the workload's, or a reopened one where that does not have it. */
  readonly runs: readonly RunWithout[];
  /** What the workload asks. */
  readonly steps: readonly NumberedStep[];
  /** In this order; the first in which a claim breaks is the last. */
  readonly attempts: readonly Attempt[];
  readonly seed: number;
  /** Crash states to judge in each attempt, at least 1. */
  readonly limit: number;
}

export interface RunWithout {
  readonly run: RecordedRun;
  /** Trace entries of the barrier, ascending. */
  readonly leftOut: readonly number[];
  /** Where the workload was killed; absent for the workload itself. */
  readonly killPoint?: number;
}

export interface Attempt {
  readonly fault: Cut;
  readonly profile: string;
  readonly claims: readonly Claim[];
}

/** What one attempt found in the crash states that are legal only without the barrier. */
export interface Attempted extends Attempt {
  readonly states: number;
  /** How many there are, where they were few enough to be counted. */
  readonly legalStates?: number;
  /** By state, not by image. */
  readonly tallies: ReadonlyMap<Claim, ClaimTally>;
}

export interface MutantResult {
  /**
   * For each run the entries of the barriers that cover the same in every crash state. Only where nothing is legal without
   * the barrier that was not legal with it, under any attempt: then there was nothing to judge.
   */
  readonly coveredBy?: readonly (readonly number[])[];
  readonly attempted: readonly Attempted[];
  /** The first violation, confirmed and made small; absent where it did not show again. */
  readonly shrunk?: Shrunk;
}
