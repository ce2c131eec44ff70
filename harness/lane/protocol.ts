import type { Claim } from '../../reports/verdict.ts';
import type { CrashState } from '../../src/faults/model/image.ts';
import type { ExploreResult, ExploreTask, RunOrigin, Violation } from '../exploration.ts';
import type { MutantResult, MutantTask } from '../mutate/task.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';
import type { Shrunk } from '../shrink.ts';
import type { SubjectHello } from '../subject/subject.ts';
import type { CycleReport, StretchTask } from '../torture/stretch.ts';
import type { Judged } from './judge.ts';
import type { LaneSettings } from './lane.ts';

/** What the main process asks of a lane's process, and what that answers. Sent over Node's IPC, structured clone. */
export interface LaneCalls {
  open: { readonly ask: Omit<LaneSettings, 'directory' | 'start'>; readonly answer: undefined };
  hello: { readonly ask: undefined; readonly answer: SubjectHello };
  record: { readonly ask: readonly NumberedStep[]; readonly answer: RecordedRun };
  explore: { readonly ask: ExploreTask; readonly answer: ExploreResult };
  shrink: {
    readonly ask: { readonly violation: Violation; readonly task: ExploreTask };
    readonly answer: Shrunk | undefined;
  };
  torture: { readonly ask: StretchTask; readonly answer: readonly CycleReport[] };
  shrinkLife: { readonly ask: Violation; readonly answer: Shrunk | undefined };
  /** The subject of this run is killed, starts again on the page cache, and goes on. */
  reopen: {
    readonly ask: { readonly run: RecordedRun; readonly killPoint: number };
    readonly answer: RecordedRun;
  };
  mutate: { readonly ask: MutantTask; readonly answer: MutantResult };
  /** Records a workload, and from it the run that a finding was made in. */
  derive: {
    readonly ask: { readonly steps: readonly NumberedStep[]; readonly origin: RunOrigin };
    readonly answer: RecordedRun;
  };
  /** Judges one crash state with a fresh subject. */
  judge: {
    readonly ask: {
      readonly run: RecordedRun;
      readonly state: CrashState;
      readonly profile: string;
      readonly claims: readonly Claim[];
    };
    readonly answer: Judged;
  };
  close: { readonly ask: undefined; readonly answer: undefined };
}

export type LaneCall = keyof LaneCalls;

export type ToLane =
  | { readonly kind: 'call'; readonly id: number; readonly call: LaneCall; readonly ask: unknown }
  /** Ends what is under way early: it answers with what it has. */
  | { readonly kind: 'stop' };

export type FromLane =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: LaneError }
  /** Images judged since the last message. */
  | { readonly kind: 'judged'; readonly count: number };

export interface LaneError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}
