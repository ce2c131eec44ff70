import type { ChainSegment } from '../chain.ts';

/** What may be let go of by itself. Whole segments, the oldest first, and never the one that is being written. */
export interface RetentionOptions {
  /** Segments that ended longer ago may go. A segment ends when the next one begins. */
  readonly maxAgeMs?: number;
  /** Segments may go until the files of all that are left are no larger together. */
  readonly maxBytes?: number;
  /**
   * Nothing goes that the slowest cursor has not passed, and nothing at all while there is no cursor. Alone, without a limit of age
   * or size: all goes that every cursor has passed.
   */
  readonly cursors?: boolean;
}

/** Counting for all segments of a log, in its order. */
export interface LogState {
  readonly chain: readonly ChainSegment[];
  /** Undefined: there is no cursor. */
  readonly lowestCursorLsn: number | undefined;
  readonly nowMs: number;
}

/** How many segments, from the oldest, may go. */
export function countToLetGo(options: RetentionOptions, { chain, lowestCursorLsn, nowMs }: LogState): number {
  const { maxAgeMs, maxBytes, cursors = false } = options;
  let bytes = chain.reduce((sum, { header }) => sum + header.segmentBytes, 0);
  let count = 0;
  for (const next of chain.slice(1)) {
    const isOld = maxAgeMs !== undefined && nowMs - next.header.createdAtMs > maxAgeMs;
    const isTooMuch = maxBytes !== undefined && bytes > maxBytes;
    const isLimited = maxAgeMs !== undefined || maxBytes !== undefined;
    const isPassed = lowestCursorLsn !== undefined && next.header.baseLsn - 1 <= lowestCursorLsn;
    if (cursors && !isPassed) break;
    if (isLimited ? !isOld && !isTooMuch : !cursors) break;
    bytes -= chain[count]?.header.segmentBytes ?? 0;
    count++;
  }
  return count;
}
