import type { Operation } from './model/operation.ts';

/**
 * The faults of one run and when each fires. Plain JSON. docs/fault-model.md lists the faults.
 *
 * `fsync-error`: the barrier answers EIO; the data that it would have made durable, and the growth that came with it, stay
 * unsure for good, also after a later barrier that answers 0 (Rebello et al., ATC 2020: ext4 in ordered mode, and xfs).
 * `process-kill`: SIGKILL to the process group that asked; the operation is not carried out.
 */
export interface PlanRule {
  /** Any volume where absent. */
  readonly volume?: string;
  readonly operation: 'any' | Operation['kind'];
  /** The n-th matching operation since the recording began, from 1. */
  readonly nth: number;
  readonly fault: 'fsync-error' | 'process-kill';
}

export type Plan = readonly PlanRule[];

/** A rule of the plan fired: at the operation that became (or would have become) trace entry `entry`. */
export interface Firing {
  readonly rule: PlanRule;
  readonly entry: number;
}
