import type { LogView } from '../read/batches.ts';

/** A log as it stands at one moment, as far as it may be shown. */
export interface LiveView extends LogView {
  /** LSN of the last record that may be shown; `firstLsn - 1` if there is none. */
  readonly lastLsn: number;
  /** The LSNs behind which records were taken back, in order, as far as that is known. */
  readonly cuts: readonly number[];
}

/** A log that goes on while it is read: written by this process, or by another one. */
export interface LiveLog {
  view(): Promise<LiveView>;
  /** Taking a view costs next to nothing, so one is taken for every batch: what is cut off is not shown from then on. */
  readonly isNear: boolean;
  /** Settles when there may be more than `lastLsn` to show, or `signal` is aborted. False: there will never be. */
  more(lastLsn: number, signal: AbortSignal): Promise<boolean>;
  /** Whether records that were shown may be taken back by a crash, and then be written again. */
  readonly mayTakeBack: boolean;
}
