import { type BatchKind, encodeBatchHeader, encodeIndex, type IndexEntry } from '../batch.ts';
import { crc32c } from '../crc32c.ts';
import { batchHeaderBytes, type LogPoint, roundUp, type SegmentHeader } from '../format.ts';
import type { StorageFile } from '../storage.ts';
import type { BatchBuffer } from './batch-buffer.ts';

/** What a batch holds, as it is stored. */
export interface BatchContent {
  readonly recordCount: number;
  readonly rawBytes: number;
  readonly stored: Uint8Array;
}

/** What every batch says of the log at the moment of its writing. */
export interface Stamp {
  /** LSN of its first record. */
  readonly nextLsn: number;
  readonly durableLsn: number;
  readonly issuedAtMs: number;
}

export interface ActiveSegmentState {
  readonly header: SegmentHeader;
  readonly file: StorageFile;
  /** Where the next batch goes, and the chain there. */
  readonly position: number;
  readonly chain: number;
  /** Covered by barriers. */
  readonly durableBytes: number;
  readonly index: readonly IndexEntry[];
  /** Still to be written, with the first batch. */
  readonly headerBlock?: Uint8Array;
}

/** The segment that is being written: batches one behind the other, each in whole blocks. */
export class ActiveSegment {
  readonly header: SegmentHeader;
  readonly #file: StorageFile;
  readonly #index: IndexEntry[];
  #position: number;
  #chain: number;
  #durableBytes: number;
  #headerBlock: Uint8Array | undefined;

  constructor(state: ActiveSegmentState) {
    this.header = state.header;
    this.#file = state.file;
    this.#index = [...state.index];
    this.#position = state.position;
    this.#chain = state.chain;
    this.#durableBytes = state.durableBytes;
    this.#headerBlock = state.headerBlock;
  }

  get position(): number {
    return this.#position;
  }

  get durableBytes(): number {
    return this.#durableBytes;
  }

  /** Its end as it is now, for a successor to name. */
  get end(): LogPoint {
    const { number, epoch } = this.header.identity;
    return { number, epoch, endBytes: this.#position, chain: this.#chain };
  }

  /** Whether so many bytes of batches fit, and a seal behind them. */
  hasRoom(length: number): boolean {
    return this.#position + length + this.header.blockBytes <= this.header.segmentBytes;
  }

  /** `durably`: with a barrier behind it, for it and for all that was written before. */
  async writeBatch(
    batch: BatchBuffer,
    { nextLsn, durableLsn, issuedAtMs }: Stamp,
    durably: boolean,
  ): Promise<void> {
    const place = { position: this.#position, nextLsn, chain: this.#chain };
    const promise = { durableLsn, durableBytes: this.#durableBytes };
    const { bytes, chain } = batch.finish(this.header.identity, place, promise, issuedAtMs);
    this.#index.push({ firstLsn: nextLsn, position: place.position });
    await this.#put(bytes, chain, durably);
    if (durably) this.#durableBytes = this.#position;
  }

  /** A batch without records, a clean end or a seal with the index: durable, with all that was written before. */
  async writeMark(kind: 'seal' | 'clean-end', stamp: Stamp): Promise<void> {
    const body = kind === 'seal' ? encodeIndex(this.#index, this.header.blockBytes) : new Uint8Array(0);
    const content = { recordCount: 0, rawBytes: body.length, stored: body };
    const { bytes, chain } = this.#encode(kind, content, stamp);
    await this.#put(bytes, chain, true);
    this.#durableBytes = this.#position;
  }

  /** For a segment just begun: data batches that were read elsewhere become durable, and then its header. */
  async moveIn(batches: readonly BatchContent[], stamp: Stamp): Promise<void> {
    const headerBlock = this.#headerBlock;
    this.#headerBlock = undefined;
    let { nextLsn } = stamp;
    for (const batch of batches) {
      const { bytes, chain } = this.#encode('data', batch, { ...stamp, nextLsn });
      this.#index.push({ firstLsn: nextLsn, position: this.#position });
      await this.#put(bytes, chain);
      nextLsn += batch.recordCount;
    }
    // B8: until the header is valid the old place speaks, and no longer: so what is moved comes first.
    if (batches.length > 0) await this.#file.syncData();
    if (headerBlock !== undefined) await this.#file.write([headerBlock], 0);
    // B9: recovery answers after this.
    await this.#file.syncData();
    this.#durableBytes = this.#position;
  }

  /** Makes durable what was written; answers whether there was anything. */
  async sync(): Promise<boolean> {
    if (this.#headerBlock !== undefined || this.#durableBytes === this.#position) return false;
    await this.#file.syncData();
    this.#durableBytes = this.#position;
    return true;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #encode(
    kind: BatchKind,
    { recordCount, rawBytes, stored }: BatchContent,
    { nextLsn, durableLsn, issuedAtMs }: Stamp,
  ): { readonly bytes: Uint8Array; readonly chain: number } {
    const { blockBytes, identity } = this.header;
    const bytes = new Uint8Array(roundUp(batchHeaderBytes + stored.length, blockBytes));
    bytes.set(stored, batchHeaderBytes);
    const chain = encodeBatchHeader(bytes, 0, identity, {
      kind,
      recordCount,
      position: this.#position,
      firstLsn: nextLsn,
      durableLsn,
      durableBytes: this.#durableBytes,
      storedBytes: stored.length,
      rawBytes,
      isCompressed: stored.length < rawBytes,
      bodyCrc: crc32c(stored),
      chain: this.#chain,
      blocks: bytes.length / blockBytes,
      issuedAtMs,
    });
    return { bytes, chain };
  }

  async #put(bytes: Uint8Array, chain: number, durably = false): Promise<void> {
    const headerBlock = this.#headerBlock;
    const buffers = headerBlock === undefined ? [bytes] : [headerBlock, bytes];
    const position = headerBlock === undefined ? this.#position : 0;
    await (durably ? this.#file.writeDurably(buffers, position) : this.#file.write(buffers, position));
    this.#headerBlock = undefined;
    this.#position += bytes.length;
    this.#chain = chain;
  }
}
