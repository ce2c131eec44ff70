import { channel } from 'node:diagnostics_channel';

/*
 * What a log tells whoever subscribes to a channel of node:diagnostics_channel. Each message is a plain object; `log` says which log
 * it is about. Without a subscriber no message is made.
 */

interface Told {
  /** The log's place: `memory:wal`, `/var/lib/app/data`. */
  readonly log: string;
}

export interface CommitEvent extends Told {
  readonly records: number;
  readonly lastLsn: number;
  /** What was written, in whole blocks. */
  readonly bytes: number;
  /** A barrier was part of it. */
  readonly isDurable: boolean;
}

export interface SyncEvent extends Told {
  readonly durableLsn: number;
}

export interface RollEvent extends Told {
  /** Name of the segment that is begun. */
  readonly file: string;
  readonly baseLsn: number;
}

export interface SealedSegment {
  /** Its name in the log's directory. It is never written again. */
  readonly file: string;
  readonly number: number;
  readonly firstLsn: number;
  /** `firstLsn - 1` if it holds no record. */
  readonly lastLsn: number;
  /** Up to where it is used. */
  readonly bytes: number;
}

export interface FailedEvent extends Told {
  readonly error: Error;
}

/** `powercut:wal:commit`, `:sync`, `:roll`, `:sealed`, `:recovery`, `:scrub` and `:failed`. */
export const channels = {
  /** {@link CommitEvent}: a batch was written. */
  commit: channel('powercut:wal:commit'),
  /** {@link SyncEvent}: a barrier answered, and more is durable. */
  sync: channel('powercut:wal:sync'),
  /** {@link RollEvent}: a segment was begun. */
  roll: channel('powercut:wal:roll'),
  /** {@link SealedSegment} with `log`: a segment is complete. */
  sealed: channel('powercut:wal:sealed'),
  /** `{ log, report }`: a log was opened. */
  recovery: channel('powercut:wal:recovery'),
  /** `{ log, report }`: a scrub ended. */
  scrub: channel('powercut:wal:scrub'),
  /** {@link FailedEvent}: a write or a barrier failed, once for each log. */
  failed: channel('powercut:wal:failed'),
} as const;
