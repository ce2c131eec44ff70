import { type BatchPlace, encodeBatchHeader } from '../batch.ts';
import { type Encoding, packBody } from '../codec/codec.ts';
import { crc32c } from '../crc32c.ts';
import { batchHeaderBytes, roundUp, type SegmentIdentity, viewOf } from '../format.ts';
import { encodedRecordBytes, encodeRecord, type RecordDraft } from '../record.ts';
import { allocatePreferablyAligned } from '../storage/aligned-memory.ts';

/** What a batch promises when it is issued: all before these points was durable (I3). */
export interface DurablePromise {
  readonly durableLsn: number;
  readonly durableBytes: number;
}

/** A data batch in the making: records are encoded where they will be written from, which O_DIRECT takes as it is. Used again and again. */
export class BatchBuffer {
  readonly #blockBytes: number;
  readonly #encoding: Encoding;
  /** Whole blocks, so that a batch can always be filled up to the end of its last one. */
  #bytes: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#bytes);
  #end = batchHeaderBytes;
  #recordCount = 0;
  /** Before it was packed. */
  #rawBytes = 0;

  constructor(blockBytes: number, encoding: Encoding) {
    this.#blockBytes = blockBytes;
    this.#encoding = encoding;
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  get bodyBytes(): number {
    return this.#end - batchHeaderBytes;
  }

  /** The caller has checked the limit: the buffer grows as it must. */
  add(draft: RecordDraft, lsn: number): void {
    const { contentHash } = this.#encoding;
    const needed = this.#end + encodedRecordBytes(draft, contentHash !== undefined);
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#end = encodeRecord(this.#bytes, this.#view, this.#end, draft, lsn, contentHash);
    this.#recordCount++;
  }

  /** Compresses the body where that makes it shorter, and answers the batch's length in whole blocks. Then it is finished. */
  pack(): number {
    const body = this.#bytes.subarray(batchHeaderBytes, this.#end);
    const stored = packBody(this.#encoding.codec, body);
    if (stored !== body) this.#bytes.set(stored, batchHeaderBytes);
    this.#rawBytes = body.length;
    this.#end = batchHeaderBytes + stored.length;
    return roundUp(this.#end, this.#blockBytes);
  }

  /** Of a batch that was packed: the whole blocks to write at `place.position`, and the chain behind them. */
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
      storedBytes: this.bodyBytes,
      rawBytes: this.#rawBytes,
      isCompressed: this.bodyBytes < this.#rawBytes,
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
    const grown = allocatePreferablyAligned(
      roundUp(Math.max(bytes, 2 * this.#bytes.length), this.#blockBytes),
    );
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}
