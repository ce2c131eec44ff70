import { type Batch, decodeBatchHeader, decodeIndex, faultOfBody } from '../batch.ts';
import type { ChainSegment } from '../chain.ts';
import { asWalError, WalError } from '../errors.ts';
import { batchHeaderBytes, viewOf } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { encodedRecordBytes, type LogRecord, recordAt } from '../record.ts';
import type { StorageFile } from '../storage.ts';
import { BatchCursor, type BatchStart, readOrFail } from './batch-cursor.ts';

/** LSNs, both ends included. */
export interface LsnRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The records of a range, in order. Every batch is verified as it is read. Rejects with `corrupt` at the first position that
 * does not hold what it must: all of `chain` is durable, so nothing can be missing there by rights.
 *
 * Within a batch a record costs one settled promise: generators within generators would cost several turns for each.
 */
export class RecordIterator implements AsyncIterableIterator<LogRecord> {
  readonly #batches: AsyncGenerator<Batch, void, undefined>;
  readonly #range: LsnRange;
  #body: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#body);
  #offset = 0;
  #lsn = 0;
  /** The next batch is being read. */
  #turning: Promise<boolean> | undefined;

  constructor(place: LogPlace, chain: readonly ChainSegment[], range: LsnRange) {
    this.#batches = readBatches(place, chain, range);
    this.#range = range;
  }

  next(): Promise<IteratorResult<LogRecord, undefined>> {
    if (this.#turning === undefined) {
      while (this.#offset < this.#body.length) {
        const value = this.#take();
        if (value.lsn > this.#range.to) return this.return();
        if (value.lsn >= this.#range.from) return Promise.resolve({ done: false, value });
      }
      this.#turning = this.#turn();
    }
    return this.#turning.then((isMore) => (isMore ? this.next() : { done: true, value: undefined }));
  }

  async return(): Promise<IteratorResult<LogRecord, undefined>> {
    this.#body = new Uint8Array(0);
    await this.#batches.return();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): LogRecord {
    const record = recordAt(this.#body, this.#view, this.#offset, this.#lsn++);
    this.#offset += encodedRecordBytes(record.data);
    return record;
  }

  async #turn(): Promise<boolean> {
    const { value, done } = await this.#batches.next();
    this.#turning = undefined;
    if (done === true || value === undefined) return false;
    this.#body = value.body;
    this.#view = viewOf(value.body);
    this.#offset = 0;
    this.#lsn = value.header.firstLsn;
    return true;
  }
}

/** The data batches that hold records of a range. */
async function* readBatches(
  place: LogPlace,
  chain: readonly ChainSegment[],
  range: LsnRange,
): AsyncGenerator<Batch, void, undefined> {
  try {
    const start = chain.findLastIndex(({ header }) => header.baseLsn <= range.from);
    for (let index = Math.max(0, start); index < chain.length; index++) {
      const segment = chain[index];
      if (segment === undefined || segment.header.baseLsn > range.to) return;
      yield* readSegment(place, segment, chain[index + 1], range);
    }
  } catch (error) {
    throw asWalError(error, place);
  }
}

async function* readSegment(
  place: LogPlace,
  segment: ChainSegment,
  successor: ChainSegment | undefined,
  { from, to }: LsnRange,
): AsyncGenerator<Batch, void, undefined> {
  const path = pathOf(place, segment.header.identity.name);
  const file = await place.storage.open(path, 'read');
  try {
    const cursor = new BatchCursor(file, segment.header, segment.endBytes);
    const start = from > segment.header.baseLsn ? await findStart(file, segment, from) : undefined;
    if (start !== undefined) cursor.skipTo(start);
    for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
      const { firstLsn, recordCount, kind } = batch.header;
      if (firstLsn > to) return;
      if (kind === 'data' && firstLsn + recordCount > from) yield batch;
    }
    checkEnd(path, cursor, successor);
  } finally {
    await file.close();
  }
}

/** The last batch at or before an LSN that the segment's seal names; undefined if it has no seal that helps. */
async function findStart(
  file: StorageFile,
  { header, endBytes }: ChainSegment,
  lsn: number,
): Promise<BatchStart | undefined> {
  const sealBytes = await readOrFail(file, endBytes - header.blockBytes, header.blockBytes);
  const seal = sealBytes && decodeBatchHeader(sealBytes, 0, header.identity);
  if (sealBytes === undefined || seal?.kind !== 'seal') return undefined;
  const body = sealBytes.subarray(batchHeaderBytes, batchHeaderBytes + seal.bodyBytes);
  if (faultOfBody(seal, body) !== undefined) return undefined;
  const entry = decodeIndex(body).findLast(({ firstLsn }) => firstLsn <= lsn);
  if (entry === undefined) return undefined;
  const bytes = await readOrFail(file, entry.position, batchHeaderBytes);
  const batch = bytes && decodeBatchHeader(bytes, 0, header.identity);
  return batch && { ...entry, chain: batch.chain };
}

function checkEnd(path: string, cursor: BatchCursor, successor: ChainSegment | undefined): void {
  const { position, nextLsn, chain, fault } = cursor;
  const expected = successor?.header;
  const fits =
    expected === undefined ||
    (position === expected.predecessor.endBytes &&
      chain === expected.predecessor.chain &&
      nextLsn === expected.baseLsn);
  if (fault === undefined && fits) return;
  throw new WalError(
    'corrupt',
    `${path} at byte ${position}, where record ${nextLsn} must be: ${fault ?? 'it is not what the next segment continues'}. Restore the file, or open the log with policy 'point-in-time' to end it there`,
  );
}
