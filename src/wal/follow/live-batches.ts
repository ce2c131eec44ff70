import type { Batch } from '../batch.ts';
import { asWalError, WalError } from '../errors.ts';
import type { LogPlace } from '../place.ts';
import { BatchFeed } from './batch-feed.ts';
import type { LiveLog, LiveView } from './live-log.ts';

export interface LiveRange {
  /** The first LSN. What the log no longer has when reading begins is left out. */
  readonly from: number;
  /** The last LSN, as far as there is one when reading begins; `forever`: all there are, and all that come. */
  readonly to: number | 'forever';
  /** Ends the waiting for more. */
  readonly signal: AbortSignal;
}

/** The data batches of a log that changes while it is read, in order, each once. */
export async function* liveBatches(
  place: LogPlace,
  log: LiveLog,
  { from, to, signal }: LiveRange,
): AsyncGenerator<Batch, void, undefined> {
  let feed: BatchFeed | undefined;
  try {
    let view = await log.view();
    const lastLsn = to === 'forever' ? Number.POSITIVE_INFINITY : Math.min(to, view.lastLsn);
    feed = new BatchFeed(place, Math.max(from, view.firstLsn), view, log.mayTakeBack);
    while (feed.nextLsn <= lastLsn && !signal.aborted) {
      const batch = await nextBatch(feed, log, view);
      if (batch === 'changed') view = await log.view();
      else if (batch !== undefined) {
        yield batch;
        if (log.isNear) view = await log.view();
      } else if (to !== 'forever' || !(await log.more(feed.nextLsn - 1, signal))) return;
      else view = await log.view();
    }
  } catch (error) {
    throw asWalError(error, place);
  } finally {
    await feed?.close();
  }
}

/**
 * What cannot be read because the log has changed since the view was taken is not damage: a segment may be removed, or
 * superseded by another, while it is being read.
 */
async function nextBatch(
  feed: BatchFeed,
  log: LiveLog,
  view: LiveView,
): Promise<Batch | 'changed' | undefined> {
  try {
    return await feed.next(view);
  } catch (error) {
    const isTruncated = error instanceof WalError && error.code === 'truncated';
    if (isTruncated || isSameChain(view, await log.view())) throw error;
    feed.retry();
    return 'changed';
  }
}

/** Whether all segments of a view are in the other still, up to the same ends. */
function isSameChain(before: LiveView, after: LiveView): boolean {
  return before.chain.every(({ header, endBytes }) =>
    after.chain.some((other) => other.header.crc === header.crc && other.endBytes >= endBytes),
  );
}
