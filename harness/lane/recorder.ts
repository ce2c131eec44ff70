import type { CrashState } from '../../src/faults/model/image.ts';
import type { Plan } from '../../src/faults/plan.ts';
import type { WriteBack } from '../exploration.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';
import type { Mutation, SubjectHello } from '../subject/subject.ts';
import type { Stop } from '../torture/cycle.ts';
import type { Ground } from '../torture/ground.ts';

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
  /** Of a litmus program: once more, and with what the kernel's own file system writes back after the last call. */
  writtenBack?(order: WriteBack): Promise<RecordedRun>;
  /**
   * The subject opens on `ground` (empty volumes where absent), shows what it recovered, is asked `mutations` under `plan`,
   * and stops. A command pair runs its own workload on what it prepared.
   */
  cycle(cycle: CycleOrder): Promise<RecordedRun>;
  /** Kills the subject. */
  abort(): Promise<void>;
  close(): Promise<void>;
}

export interface CycleOrder {
  readonly ground?: Ground;
  readonly mutations: readonly Mutation[];
  readonly plan: Plan;
  readonly stop: Stop;
}
