import { LogError } from './error.ts';
import { blockBytes, encodeRecord, nextBlock, payloadBytesMax, type SegmentHeader } from './format.ts';
import { recover } from './recovery.ts';
import { type ActiveSegment, createSegment, type LogPlace, readSegment, segmentPath } from './segment.ts';
import type { Planted, Variant } from './variants.ts';

export interface LogOptions {
  readonly variant: Variant;
  /** A segment is left behind when the next record would make it larger. */
  readonly segmentBytes: number;
}

export interface LogItem {
  readonly number: number;
  readonly data: Uint8Array;
}

/**
 * A small append log, in segments, that keeps its promises through crashes: an example to learn from, and, with a
 * `variant`, the host of one planted bug. format.ts says what is on disk, recovery.ts what is made of it.
 *
 * Items are numbered from 0. They are accepted in order and durable after the next `sync`. The first error of
 * the disk makes the log `failed`, for good: after a failed write or fsync nobody knows what is on disk, and asking again
 * proves nothing. One call at a time: callers wait for each before the next.
 */
export class Log {
  readonly recovered: { readonly items: number; readonly clean: boolean };
  readonly #place: LogPlace;
  readonly #segmentBytes: number;
  readonly #planted: Planted;
  #segments: SegmentHeader[];
  #active: ActiveSegment | undefined;
  #next: number;
  /** Every item with a lower number is durable. */
  #durable: number;
  #nextSegment: number;
  #failure: unknown;
  /** Only a planted bug owes anything. */
  #owed: (() => Promise<void>) | undefined;

  /** Rejects with `corrupt` where durable items are damaged or missing, and changes nothing then. */
  static async open(place: LogPlace, options: LogOptions): Promise<Log> {
    const planted: Planted = (variant) => variant === options.variant;
    try {
      const recovered = await recover(place, planted);
      return new Log(place, options.segmentBytes, planted, recovered);
    } catch (error) {
      if (error instanceof LogError) throw error;
      throw new LogError('io', `the log cannot be opened: ${messageOf(error)}`, error);
    }
  }

  private constructor(
    place: LogPlace,
    segmentBytes: number,
    planted: Planted,
    recovered: Awaited<ReturnType<typeof recover>>,
  ) {
    this.#place = place;
    this.#segmentBytes = segmentBytes;
    this.#planted = planted;
    this.#segments = [...recovered.segments];
    this.#active = recovered.active;
    this.#next = recovered.next;
    this.#durable = recovered.next;
    this.#nextSegment = recovered.nextSegment;
    const first = this.#segments[0] ?? recovered.active?.header;
    this.recovered = { items: this.#next - (first?.base ?? this.#next), clean: recovered.clean };
  }

  /** Accepts the items as one: after a crash all of them are there or none. Answers the first one's number. */
  append(items: readonly Uint8Array[]): Promise<number> {
    return this.#guarded(async () => {
      if (items.length === 0) throw new LogError('invalid', 'there is nothing to append');
      if (items.reduce((sum, item) => sum + 4 + item.length, 0) > payloadBytesMax)
        throw new LogError('invalid', `an append holds at most ${payloadBytesMax} bytes`);
      const first = this.#next;
      if (this.#planted('splits-batches')) for (const item of items) await this.#write([item]);
      else await this.#write(items);
      return first;
    });
  }

  /** When this answers, everything that was appended is on disk. */
  sync(): Promise<void> {
    return this.#guarded(async () => {
      if (this.#planted('ack-before-fsync')) this.#owed = () => this.#flush();
      else await this.#flush();
    });
  }

  /** All items, in order. They are durable: what a reader was shown must not vanish. */
  scan(): Promise<LogItem[]> {
    return this.#guarded(async () => {
      await this.#flush();
      const items: LogItem[] = [];
      for (const { number } of this.#live()) {
        for (const record of (await readSegment(this.#place, number, this.#planted)).records)
          items.push(...record.items.map((data, index) => ({ number: record.first + index, data })));
      }
      return items;
    });
  }

  /**
   * Lets go of segments whose items all have lower numbers. Oldest first, and each one's end made durable before the next:
   * a crash may leave less removed, never a gap.
   */
  truncateBefore(number: number): Promise<void> {
    return this.#guarded(async () => {
      for (;;) {
        const [oldest, second] = this.#live();
        if (oldest === undefined || second === undefined || second.base > number) return;
        const { storage, directory } = this.#place;
        await storage.remove(segmentPath(this.#place, oldest.number));
        await storage.syncDirectory(directory);
        this.#segments.shift();
      }
    });
  }

  /** Ends the log cleanly, so that the next open can tell damage from a torn tail. */
  async close(): Promise<void> {
    try {
      await this.#guarded(async () => {
        await this.#flush();
        // A log that was only read keeps the end that it had.
        if (this.#active === undefined) return;
        await this.#write([]);
        await this.#flush();
      });
    } finally {
      await this.#active?.file.close();
      this.#active = undefined;
      this.#failure ??= 'it was closed';
    }
  }

  #live(): SegmentHeader[] {
    return this.#active === undefined ? this.#segments : [...this.#segments, this.#active.header];
  }

  /** One record, in the active segment or, where it does not fit, in a new one. Without items it is the clean end. */
  async #write(items: readonly Uint8Array[]): Promise<void> {
    const payloadBytes = items.reduce((sum, item) => sum + 4 + item.length, 0);
    const active =
      this.#active === undefined || (items.length > 0 && this.#isFull(this.#active, payloadBytes))
        ? await this.#roll()
        : this.#active;
    const bytes = encodeRecord({
      segment: active.header.number,
      place: active.tail,
      first: this.#next,
      promise: this.#durable,
      items,
    });
    active.unsynced = true;
    await active.file.write([bytes], active.tail).catch((error) => {
      if (!this.#planted('ignores-full-disk') || error.code !== 'full') throw error;
    });
    active.tail += bytes.length;
    this.#next += items.length;
  }

  /** A segment holds one record at least, however long. */
  #isFull({ tail }: ActiveSegment, payloadBytes: number): boolean {
    return tail > blockBytes && tail + payloadBytes > this.#segmentBytes;
  }

  /** The old segment is durable before the new one says, by its base, that it is. */
  async #roll(): Promise<ActiveSegment> {
    if (!this.#planted('roll-without-sync')) await this.#flush();
    const old = this.#active;
    const header = { number: this.#nextSegment++, base: this.#next };
    const active = await createSegment(this.#place, header, [], this.#planted);
    if (old !== undefined) {
      this.#segments.push(old.header);
      await old.file.close();
    }
    this.#active = active;
    return active;
  }

  async #flush(): Promise<void> {
    const active = this.#active;
    if (active?.unsynced) {
      if (!this.#planted('no-fsync')) await this.#barrier(active);
      active.unsynced = false;
      if (!this.#planted('shares-sectors')) active.tail = nextBlock(active.tail);
    }
    this.#durable = this.#next;
  }

  async #barrier(active: ActiveSegment): Promise<void> {
    if (this.#planted('retries-failed-fsync'))
      await active.file.syncData().catch(() => active.file.syncData());
    else await active.file.syncData();
  }

  /** Nothing is done after a failure, and what the disk refuses is one. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined)
      throw new LogError('failed', `the log stopped: ${messageOf(this.#failure)}`, this.#failure);
    try {
      const owed = this.#owed;
      this.#owed = undefined;
      await owed?.();
      return await work();
    } catch (error) {
      if (error instanceof LogError && error.code === 'invalid') throw error;
      this.#failure = error;
      if (error instanceof LogError) throw error;
      throw new LogError('io', `the disk refused: ${messageOf(error)}`, error);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
