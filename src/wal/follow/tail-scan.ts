import type { SegmentHeader } from '../format.ts';
import { BatchCursor, type BatchStart } from '../read/batch-cursor.ts';
import type { StorageFile } from '../storage.ts';

/** Up to where a segment may be read. */
export interface ReadableEnd {
  readonly endBytes: number;
  readonly lastLsn: number;
}

/**
 * What the last segment of a log that someone else writes holds so far. Each look goes on where the one before stopped: at the
 * first position without a valid batch, which may hold one soon.
 */
export class TailScan {
  readonly header: SegmentHeader;
  #at: BatchStart;
  #durable: ReadableEnd;

  constructor(header: SegmentHeader) {
    const { blockBytes, baseLsn, crc } = header;
    this.header = header;
    this.#at = { position: blockBytes, firstLsn: baseLsn, chain: crc };
    // The header was issued when all before it was durable (I4).
    this.#durable = this.written;
  }

  /** What a writer has written: a crash of the machine may take it back. */
  get written(): ReadableEnd {
    return { endBytes: this.#at.position, lastLsn: this.#at.firstLsn - 1 };
  }

  /** What a later batch promises to have been durable when it was issued (I3): nothing takes it back. */
  get durable(): ReadableEnd {
    return this.#durable;
  }

  async read(file: StorageFile): Promise<void> {
    const cursor = new BatchCursor(file, this.header);
    cursor.skipTo(this.#at);
    for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
      const { durableBytes, durableLsn } = batch.header;
      this.admit({ endBytes: durableBytes, lastLsn: durableLsn });
    }
    this.#at = { position: cursor.position, firstLsn: cursor.nextLsn, chain: cursor.chain };
  }

  /** Takes in that something is durable in this segment. */
  admit(end: ReadableEnd): void {
    if (end.endBytes > this.#durable.endBytes) this.#durable = end;
  }
}
