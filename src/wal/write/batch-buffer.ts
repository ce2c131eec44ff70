import { type BatchPlace, encodeBatchHeader } from '../batch.ts';
import { crc32c } from '../crc32c.ts';
import { batchHeaderBytes, roundUp, type SegmentIdentity, viewOf } from '../format.ts';
import { encodedRecordBytes, encodeRecord } from '../record.ts';

/** What a batch promises when it is issued: all before these points was durable (I3). */
export interface DurablePromise {
  readonly durableLsn: number;
  readonly durableBytes: number;
}

/** A data batch in the making: records are encoded where they will be written from. Used again and again. */
export class BatchBuffer {
  readonly #blockBytes: number;
  /** Whole blocks, so that a batch can always be filled up to the end of its last one. */
  #bytes: Uint8Array;
  #view: DataView;
  #end = batchHeaderBytes;
  #recordCount = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
    this.#bytes = new Uint8Array(blockBytes);
    this.#view = viewOf(this.#bytes);
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  get bodyBytes(): number {
    return this.#end - batchHeaderBytes;
  }

  /** The caller has checked the limit: the buffer grows as it must. */
  add(type: number, payload: Uint8Array): void {
    const needed = this.#end + encodedRecordBytes(payload);
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#end = encodeRecord(this.#bytes, this.#view, this.#end, type, payload);
    this.#recordCount++;
  }

  /** The whole blocks to write at `place.position`, and the chain behind them. */
  finish(
    identity: SegmentIdentity,
    place: BatchPlace,
    promise: DurablePromise,
    issuedAtMs: number,
  ): { readonly bytes: Uint8Array; readonly chain: number } {
    const length = roundUp(this.#end, this.#blockBytes);
    this.#bytes.fill(0, this.#end, length);
    const chain = encodeBatchHeader(this.#bytes, 0, identity, {
      kind: 'data',
      recordCount: this.#recordCount,
      position: place.position,
      firstLsn: place.nextLsn,
      ...promise,
      bodyBytes: this.bodyBytes,
      bodyCrc: crc32c(this.#bytes.subarray(batchHeaderBytes, this.#end)),
      chain: place.chain,
      blocks: length / this.#blockBytes,
      issuedAtMs,
    });
    return { bytes: this.#bytes.subarray(0, length), chain };
  }

  clear(): void {
    this.#end = batchHeaderBytes;
    this.#recordCount = 0;
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(roundUp(Math.max(bytes, 2 * this.#bytes.length), this.#blockBytes));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}
