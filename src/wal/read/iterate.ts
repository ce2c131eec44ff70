import type { Batch } from '../batch.ts';
import { viewOf } from '../format.ts';
import { isInnerPart, type LogRecord, recordAt, recordEnd } from '../record.ts';
import { readBatchesBackwards } from './backwards.ts';
import { type LogView, type LsnRange, readBatches } from './batches.ts';

/**
 * The records of a range, in order or, if `reverse`, the last one first. Every batch is verified as it is read. Rejects with
 * `corrupt` at the first position that does not hold what it must: all of the log's chain is durable, so nothing can be missing
 * there by rights.
 *
 * Within a batch a record costs one settled promise: generators within generators would cost several turns for each.
 */
export class RecordIterator implements AsyncIterableIterator<LogRecord> {
  readonly #view: LogView;
  readonly #isReverse: boolean;
  readonly #readBatches: typeof readBatches;
  readonly #bounds: LsnRange;
  /** Of `#bounds`, what lies ahead. */
  #range: LsnRange;
  #batches: AsyncGenerator<Batch, void, undefined>;
  #body: Uint8Array = new Uint8Array(0);
  #data = viewOf(this.#body);
  /** Of the next record in `#body`, and its LSN. */
  #offset = 0;
  #lsn = 0;
  /** In reverse: where the records begin that are still to come. */
  #offsets: number[] = [];
  /** The next batch is being read. */
  #turning: Promise<boolean> | undefined;

  /** `read`: where the batches come from, for a log that goes on while it is read. */
  constructor(
    view: LogView,
    range: LsnRange,
    isReverse = false,
    read: typeof readBatches = isReverse ? readBatchesBackwards : readBatches,
  ) {
    this.#view = view;
    this.#bounds = range;
    this.#range = range;
    this.#isReverse = isReverse;
    this.#readBatches = read;
    this.#batches = this.#read(range);
  }

  next(): Promise<IteratorResult<LogRecord, undefined>> {
    if (this.#turning === undefined) {
      const value = this.#take();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      this.#turning = this.#turn();
    }
    return this.#turning.then((isMore) => (isMore ? this.next() : { done: true, value: undefined }));
  }

  async return(): Promise<IteratorResult<LogRecord, undefined>> {
    this.#forget();
    await this.#batches.return();
    return { done: true, value: undefined };
  }

  /** Goes to a record: the next one is the first at or behind `lsn` (in reverse: at or before it) within the range. */
  async seek(lsn: number): Promise<void> {
    const { from, to } = this.#bounds;
    await this.#turning;
    await this.return();
    this.#range = this.#isReverse ? { from, to: Math.min(lsn, to) } : { from: Math.max(lsn, from), to };
    this.#batches = this.#read(this.#range);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #read(range: LsnRange): AsyncGenerator<Batch, void, undefined> {
    return this.#readBatches(this.#view, range);
  }

  #forget(): void {
    this.#body = new Uint8Array(0);
    this.#offset = 0;
    this.#offsets = [];
  }

  /** The next record of this batch that is in the range and is shown: a stream only as its last part, and only if it has its first. */
  #take(): LogRecord | undefined {
    const { from, to } = this.#range;
    for (let offset = this.#advance(); offset !== undefined; offset = this.#advance()) {
      const lsn = this.#isReverse ? this.#lsn : this.#lsn - 1;
      if (lsn < from || lsn > to || isInnerPart(this.#data, offset)) continue;
      const record = recordAt(this.#body, this.#data, offset, lsn);
      if (record.streamFrom === undefined || record.streamFrom >= this.#view.firstLsn) return record;
    }
    return undefined;
  }

  /** Where the next record of this batch begins. */
  #advance(): number | undefined {
    if (this.#isReverse) {
      this.#lsn--;
      return this.#offsets.pop();
    }
    const offset = this.#offset;
    if (offset >= this.#body.length) return undefined;
    this.#offset = recordEnd(this.#data, offset);
    this.#lsn++;
    return offset;
  }

  async #turn(): Promise<boolean> {
    const { value, done } = await this.#batches.next();
    this.#turning = undefined;
    if (done === true || value === undefined) return false;
    const { firstLsn, recordCount } = value.header;
    this.#body = value.body;
    this.#data = viewOf(value.body);
    this.#offset = 0;
    this.#lsn = firstLsn;
    if (!this.#isReverse) return true;
    this.#lsn = firstLsn + recordCount;
    for (let offset = 0; offset < this.#body.length; offset = recordEnd(this.#data, offset))
      this.#offsets.push(offset);
    return true;
  }
}
