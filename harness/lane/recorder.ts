import type { CrashState } from '../../src/faults/model/image.ts';
import type { Plan } from '../../src/faults/plan.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';
import type { SubjectHello } from '../subject/subject.ts';

/** Records runs of one subject on one layer. */
export interface Recorder {
  /** Who the subject says it is. Rejects with a SubjectFailure if it does not start. */
  hello(): Promise<SubjectHello>;
  /** The steps of a new workload, on empty volumes. A command pair runs its own workload and ignores them. */
  workload(steps: readonly NumberedStep[], plan: Plan): Promise<RecordedRun>;
  /** The subject is killed at `killPoint` of an earlier run, starts again on the page cache, and goes on. */
  reopen(earlier: RecordedRun, killPoint: number): Promise<RecordedRun>;
  /** The power goes in an earlier run, and the subject recovers on what is left. */
  nested(earlier: RecordedRun, state: CrashState): Promise<RecordedRun>;
  /**
   * A new workload on what `earlier` left in the page cache, ended by a real SIGKILL. `cycle` counts from 0 and makes
   * each workload another one.
   */
  killed(earlier: RecordedRun | undefined, cycle: number, kill: Kill): Promise<RecordedRun>;
  /** Kills the subject. */
  abort(): Promise<void>;
  close(): Promise<void>;
}

/** At the n-th operation from 1, or some time after the start. */
export type Kill =
  | { readonly kind: 'operation'; readonly nth: number }
  | { readonly kind: 'moment'; readonly delayMs: number };

export function killPlan(kill: Kill): Plan {
  return kill.kind === 'operation' ? [{ operation: 'any', nth: kill.nth, fault: 'process-kill' }] : [];
}
