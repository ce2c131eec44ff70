import type { Claim, FaultKind } from '../reports/verdict.ts';
import type { CrashFault } from '../src/faults/model/crash-states.ts';
import type { CrashState } from '../src/faults/model/image.ts';
import type { Plan } from '../src/faults/plan.ts';
import type { RestFault } from './at-rest.ts';
import type { LiveFault } from './live-faults.ts';
import type { Judgement } from './oracle/evidence.ts';
import type { NumberedStep, RecordedRun } from './recorded-run.ts';
import type { Life } from './torture/cycle.ts';
import type { Unstruck } from './unstruck.ts';

/** The faults that this explorer can put to the test. */
export type ExploredFault = Extract<FaultKind, CrashFault | LiveFault | RestFault>;

/** One fault under one profile, explored on one lane. */
export interface ExploreTask {
  /** The workload's run, without any live fault. */
  readonly run: RecordedRun;
  readonly fault: ExploredFault;
  readonly profile: string;
  readonly claims: readonly Claim[];
  readonly seed: number;
  /** Crash states to judge, at least 1; over all lanes. */
  readonly limit: number;
  /** Also crash inside recovery. */
  readonly nested: boolean;
  /** For faults at rest: every sector has its turn, whatever `limit` says. */
  readonly sweep?: 'each-unit';
  /** For `fsync-error`: who is told, and when, follows the profile on ext4-data-journal, too. */
  readonly fsyncError?: 'as-profile';
  /** Nothing but states of runs that came about like this: for shrinking. */
  readonly only?: RunOrigin['kind'];
  /** This lane's share: `index` from 0 to `count - 1`. */
  readonly share: Share;
  /** Of a run that was written back, the images that are to be judged; all where absent. */
  readonly images?: Share;
}

export interface Share {
  readonly index: number;
  readonly count: number;
}

/** How a run came about: enough to record it again from its workload's steps. */
export type RunOrigin =
  | { readonly kind: 'workload'; readonly plan: Plan }
  | { readonly kind: 'reopen'; readonly killPoint: number }
  | { readonly kind: 'nested'; readonly state: CrashState }
  /** A litmus program, and then what the kernel's file system still held. */
  | { readonly kind: 'written-back'; readonly order: WriteBack }
  /** Without one of its barriers: those at these trace entries did nothing. Killed and reopened where there is a `killPoint`. */
  | {
      readonly kind: 'mutant';
      readonly barrier: string;
      readonly leftOut: readonly number[];
      readonly killPoint?: number;
    }
  /** Cycle after cycle of torture; empty where the subject did not do the same again. */
  | { readonly kind: 'torture'; readonly life: Life };

/** The kernel may write back in any order: file data before the metadata that knows of it, or after. */
export const writeBacks = ['data-first', 'metadata-first'] as const;
export type WriteBack = (typeof writeBacks)[number];

export interface Violation {
  readonly claim: Claim;
  readonly fault: FaultKind;
  readonly profile: string;
  readonly judgement: Extract<Judgement, { status: 'violated' }>;
  readonly run: RecordedRun;
  readonly origin: RunOrigin;
  /** The steps of the workload that it began with, by their numbers in the whole seeded workload. */
  readonly steps: readonly NumberedStep[];
  readonly state: CrashState;
  /** Where it stands in the order of exploration; the same for any number of lanes. */
  readonly place: readonly number[];
}

export interface ClaimTally {
  readonly held: number;
  readonly violated: number;
  readonly unknown: number;
  readonly why?: string;
  readonly first?: Violation;
}

/** Legal states looked at, and the different images with different promises among them. */
export interface Coverage {
  readonly crashPoints: number;
  readonly states: number;
  readonly images: number;
}

export interface ExploreResult {
  /** Of the workload's own run: every lane walks all of its states, and judges its share of their images. */
  readonly shared: Coverage;
  /** Of runs that only this lane recorded, and all the images that it judged. */
  readonly own: Coverage;
  /** How many images this lane judged. */
  readonly judged: number;
  /** Equal images with other promises are judged by what was shown on the first: on so many a subject recovered. */
  readonly recovered: number;
  /** Every legal state of the workload's run was looked at. */
  readonly exhaustive: boolean;
  readonly tallies: ReadonlyMap<Claim, ClaimTally>;
  /** Of a litmus program: its outcomes that were found. */
  readonly outcomes: ReadonlySet<string>;
  /** Of a live fault: the plans of which nothing fired. */
  readonly unstruck: readonly Unstruck[];
  readonly notes: readonly string[];
}

export interface ExploreWatcher {
  /** Called after each judged image. */
  readonly onJudged: () => void;
  readonly onViolation?: (violation: Violation) => void;
  readonly shouldStop: () => boolean;
}
