import type { Batch } from '../batch.ts';
import type { ChainSegment } from '../chain.ts';
import type { WalError } from '../errors.ts';
import type { SegmentIdentity } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { BatchCursor, type BatchStart } from '../read/batch-cursor.ts';
import { checkEnd, checkHashes, findStart, truncated } from '../read/batches.ts';
import type { StorageFile } from '../storage.ts';
import type { LiveView } from './live-log.ts';

/** A place in the log that a feed has come to: in a segment that is open, in front of the batch that comes next. */
interface FeedPlace extends BatchStart {
  readonly identity: SegmentIdentity;
  readonly file: StorageFile;
  /** A batch of this segment was answered. */
  readonly isBegun: boolean;
}

/**
 * Reads a log batch by batch, in views of it that follow each other: the segment that is being written is open once and read
 * on from where it was read to.
 */
export class BatchFeed {
  readonly #log: LogPlace;
  readonly #mayTakeBack: boolean;
  #nextLsn: number;
  /** The last record that was answered; 0: none. */
  #answeredLsn = 0;
  #cutsSeen: number;
  #at: FeedPlace | undefined;
  #cursor: BatchCursor | undefined;
  #cursorEnd = 0;

  /** `mayTakeBack`: go on where the log goes on after it took back batches that were answered; else that is an error. */
  constructor(log: LogPlace, from: number, view: LiveView, mayTakeBack: boolean) {
    this.#log = log;
    this.#nextLsn = from;
    this.#cutsSeen = view.cuts.length;
    this.#mayTakeBack = mayTakeBack;
  }

  /** LSN of the next record that has not been answered. */
  get nextLsn(): number {
    return this.#nextLsn;
  }

  /** The next data batch of a view; undefined when all of it was answered. Rejects with `corrupt` or `truncated`. */
  async next(view: LiveView): Promise<Batch | undefined> {
    for (; this.#cutsSeen < view.cuts.length; this.#cutsSeen++)
      if (this.#answeredLsn > (view.cuts[this.#cutsSeen] ?? 0)) throw takenBack(this.#nextLsn);
    while (this.#nextLsn <= view.lastLsn) {
      const index = await this.#locate(view);
      const segment = view.chain[index];
      if (segment === undefined) return undefined;
      const cursor = this.#cursorIn(segment);
      const batch = await cursor.next();
      if (batch !== undefined) {
        const isWanted = batch.header.kind === 'data' && cursor.nextLsn > this.#nextLsn;
        this.#advance(cursor, isWanted);
        if (!isWanted) continue;
        checkHashes(view, pathOf(this.#log, segment.header.identity.name), batch);
        this.#nextLsn = cursor.nextLsn;
        this.#answeredLsn = cursor.nextLsn - 1;
        return batch;
      }
      const successor = view.chain[index + 1];
      checkEnd(pathOf(this.#log, segment.header.identity.name), cursor, successor?.header);
      if (successor === undefined) return undefined;
      await this.#enter(successor);
    }
    return undefined;
  }

  /** After `next` rejected: what could not be read is read again. */
  retry(): void {
    this.#cursor = undefined;
  }

  async close(): Promise<void> {
    const file = this.#at?.file;
    this.#at = undefined;
    this.#cursor = undefined;
    await file?.close();
  }

  /** The index of the segment to read on in: the one that is open, or the one that holds the next record. */
  async #locate({ chain, firstLsn }: LiveView): Promise<number> {
    const at = this.#at;
    if (at !== undefined) {
      const index = chain.findIndex(({ header }) => header.identity.name === at.identity.name);
      const endBytes = chain[index]?.endBytes ?? 0;
      if (endBytes >= at.position) return index;
      const isDropped = index < 0 && at.identity.number < (chain[0]?.header.identity.number ?? 0);
      if (at.isBegun && !isDropped && !this.#mayTakeBack) throw takenBack(this.#nextLsn);
    }
    if (this.#nextLsn < firstLsn) throw letGo(this.#nextLsn, firstLsn);
    const index = chain.findLastIndex(({ header }) => header.baseLsn <= this.#nextLsn);
    const segment = chain[index];
    if (segment !== undefined) await this.#enter(segment, this.#nextLsn);
    return index;
  }

  /** Opens a segment, and skips to `lsn` in it as far as its index helps. */
  async #enter(segment: ChainSegment, lsn = segment.header.baseLsn): Promise<void> {
    const { identity, blockBytes, baseLsn, crc } = segment.header;
    // Until it is open the old place stands, so that a cut before it is seen.
    const file = await this.#log.storage.open(pathOf(this.#log, identity.name), 'read');
    await this.close();
    const first = { position: blockBytes, firstLsn: baseLsn, chain: crc };
    this.#at = { identity, file, isBegun: false, ...first };
    const start = lsn > baseLsn ? await findStart(file, segment, lsn) : undefined;
    if (start !== undefined) this.#at = { ...this.#at, ...start };
  }

  #cursorIn(segment: ChainSegment): BatchCursor {
    const at = this.#at;
    if (at === undefined) throw new Error('a feed reads in a segment that it has located');
    if (this.#cursor === undefined || this.#cursorEnd !== segment.endBytes) {
      this.#cursor = new BatchCursor(at.file, segment.header, segment.endBytes);
      this.#cursor.skipTo(at);
      this.#cursorEnd = segment.endBytes;
    }
    return this.#cursor;
  }

  #advance({ position, nextLsn, chain }: BatchCursor, isAnswered: boolean): void {
    const at = this.#at;
    if (at === undefined) return;
    this.#at = { ...at, position, firstLsn: nextLsn, chain, isBegun: at.isBegun || isAnswered };
  }
}

function letGo(lsn: number, firstLsn: number): WalError {
  return truncated(`record ${lsn} was let go of before it was read; the oldest one is ${firstLsn}`);
}

function takenBack(nextLsn: number): WalError {
  return truncated(`the log was cut at or before record ${nextLsn - 1}, which was read already`);
}
