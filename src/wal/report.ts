/** What recovery found and did. Plain data, for logs and reports. */
export interface RecoveryReport {
  /**
   * How the log ended. `created`: there was none. `clean`: it was closed. `end`: it was not, and nothing unreadable follows.
   * `torn`: unreadable bytes follow, as a power cut leaves them. `corrupt`: see `damage`.
   */
  readonly tail: 'created' | 'clean' | 'end' | 'torn' | 'corrupt';
  /** The row of the decision table that judged the tail (recovery-table.ts); `created` for a new log. */
  readonly row: string;
  /** The first and the next LSN; equal when the log is empty. */
  readonly firstLsn: number;
  readonly nextLsn: number;
  /** Segments in use. */
  readonly segments: number;
  /** Records whose durability was not proven, and that were therefore written again. */
  readonly movedRecords: number;
  /** Bytes behind the end that hold something, and were left out; 0 where damage in an older segment ended the log. */
  readonly discardedBytes: number;
  /** Where reading stopped, if the tail is torn or corrupt. */
  readonly stop?: {
    readonly file: string;
    readonly position: number;
    readonly lsn: number;
    readonly fault: string;
  };
  /** One sentence, if bytes that may have been acknowledged are lost. */
  readonly damage?: string;
  /** Files that a repair set aside. */
  readonly quarantined: readonly string[];
  /** What was mended in one copy from the other. */
  readonly mended: readonly MendedRegion[];
  /** What should not be so, a sentence each: a copy that was behind, or is missing; both copies on one device. */
  readonly warnings: readonly string[];
}

/** A region of a file that was damaged in one copy, and is no longer. */
export interface MendedRegion {
  readonly copy: string;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly fault: string;
}
