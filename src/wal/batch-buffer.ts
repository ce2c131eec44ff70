import { type BatchPlace, encodeBatchHeader } from './batch.ts';
import { crc32c } from './crc32c.ts';
import { batchHeaderBytes, blockBytesMax, roundUp, type SegmentIdentity, viewOf } from './format.ts';
import { encodedRecordBytes, encodeRecord } from './record.ts';

/** What a batch promises when it is issued: all before these points was durable (I3). */
export interface DurablePromise {
  readonly durableLsn: number;
  readonly durableBytes: number;
}

/** A data batch in the making: records are encoded where they will be written from. Used again and again. */
export class BatchBuffer {
  #bytes: Uint8Array;
  #view: DataView;
  #end = batchHeaderBytes;
  #recordCount = 0;

  constructor(bodyBytes: number) {
    this.#bytes = new Uint8Array(roundUp(batchHeaderBytes + bodyBytes, blockBytesMax));
    this.#view = viewOf(this.#bytes);
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  get bodyBytes(): number {
    return this.#end - batchHeaderBytes;
  }

  /** The caller has checked the limit; a single record or atomic batch that is longer than the buffer makes it grow. */
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
    blockBytes: number,
    issuedAtMs: number,
  ): { readonly bytes: Uint8Array; readonly chain: number } {
    const length = roundUp(this.#end, blockBytes);
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
      blocks: length / blockBytes,
      issuedAtMs,
    });
    return { bytes: this.#bytes.subarray(0, length), chain };
  }

  clear(): void {
    this.#end = batchHeaderBytes;
    this.#recordCount = 0;
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(roundUp(bytes, blockBytesMax));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}
