import type { CrashState } from '../../src/faults/model/image.ts';
import type { Plan } from '../../src/faults/plan.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';

/** Records runs of one subject on one layer. */
export interface Recorder {
  /** The steps of a new workload, on empty volumes. A command pair runs its own workload and ignores them. */
  workload(steps: readonly NumberedStep[], plan: Plan): Promise<RecordedRun>;
  /** The subject is killed at `killPoint` of an earlier run, starts again on the page cache, and goes on. */
  reopen(earlier: RecordedRun, killPoint: number): Promise<RecordedRun>;
  /** The power goes in an earlier run, and the subject recovers on what is left. */
  nested(earlier: RecordedRun, state: CrashState): Promise<RecordedRun>;
  close(): Promise<void>;
}
