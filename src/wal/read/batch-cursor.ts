import {
  type Batch,
  type BatchFault,
  type BatchHeader,
  decodeBatchHeader,
  faultOfBody,
  faultOfHeader,
  faultOfStored,
} from '../batch.ts';
import { unpackBody } from '../codec/codec.ts';
import { batchHeaderBytes, type SegmentHeader } from '../format.ts';
import { StorageError, type StorageFile } from '../storage.ts';

export type StopFault = BatchFault | 'the file ends' | 'the disk cannot read it';

/** A batch to start at: where it is, and the chain that it continues. */
export interface BatchStart {
  readonly position: number;
  readonly firstLsn: number;
  readonly chain: number;
}

/** The first read of a file, and the longest: each is twice the one before, so that who wants little reads little. */
const windowBytesMin = 64 * 1024;
const windowBytesMax = 1024 * 1024;

/** Reads a segment's batches in order, up to the first position that holds no valid one. */
export class BatchCursor {
  readonly #file: StorageFile;
  readonly #header: SegmentHeader;
  readonly #endBytes: number;
  /** What is read from: the file, or the copy that is being asked. */
  #source: StorageFile;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;
  #windowBytes = windowBytesMin;
  #position: number;
  #nextLsn: number;
  #chain: number;
  #sealed = false;
  #fault: StopFault | undefined;

  /** `endBytes`: where the segment ends, as far as that is known from elsewhere; nothing behind it is read. */
  constructor(file: StorageFile, header: SegmentHeader, endBytes: number = header.segmentBytes) {
    this.#file = file;
    this.#source = file.copies?.[0] ?? file;
    this.#header = header;
    this.#endBytes = endBytes;
    this.#position = header.blockBytes;
    this.#nextLsn = header.baseLsn;
    this.#chain = header.crc;
  }

  /** Behind the last batch that {@link next} answered. */
  get position(): number {
    return this.#position;
  }

  get nextLsn(): number {
    return this.#nextLsn;
  }

  get chain(): number {
    return this.#chain;
  }

  /** The copy that the last batch was read from. */
  get source(): StorageFile {
    return this.#source;
  }

  /** Why there is no batch at `position`; undefined before that, and when the segment was read to its end. */
  get fault(): StopFault | undefined {
    return this.#fault;
  }

  /** Goes on at a batch that a seal's index names, or that stands behind damage; whether it is there shows when it is read. */
  skipTo({ position, firstLsn, chain }: BatchStart): void {
    this.#position = position;
    this.#nextLsn = firstLsn;
    this.#chain = chain;
    this.#fault = undefined;
  }

  /** The batch header at a position, if one of this segment is there, wherever it belongs. */
  async headerAt(position: number): Promise<BatchHeader | undefined> {
    const header = await this.#headerAt(position);
    if (header !== undefined) return header;
    const asked = this.#source;
    for (const copy of this.#file.copies ?? []) {
      if (copy === asked) continue;
      this.#readFrom(copy);
      const other = await this.#headerAt(position);
      if (other !== undefined) return other;
    }
    if (this.#source !== asked) this.#readFrom(asked);
    return undefined;
  }

  async #headerAt(position: number): Promise<BatchHeader | undefined> {
    const bytes = this.#held(position, batchHeaderBytes) ?? (await this.#load(position, batchHeaderBytes));
    return typeof bytes === 'string' ? undefined : decodeBatchHeader(bytes, 0, this.#header.identity);
  }

  /** The stored body of a batch whose header {@link headerAt} answered and whose lengths fit. */
  async storedAt({ position, storedBytes }: BatchHeader): Promise<Uint8Array | undefined> {
    const bodyAt = position + batchHeaderBytes;
    const bytes = this.#held(bodyAt, storedBytes) ?? (await this.#load(bodyAt, storedBytes));
    return typeof bytes === 'string' ? undefined : bytes;
  }

  async next(): Promise<Batch | undefined> {
    if (this.#fault !== undefined || this.#sealed || this.#position >= this.#endBytes) return undefined;
    let batch = await this.#read();
    if (typeof batch === 'string' && this.#file.copies !== undefined)
      batch = await this.#readOther(this.#file.copies, batch);
    if (typeof batch === 'string') {
      this.#fault = batch;
      return undefined;
    }
    const { header } = batch;
    this.#position += header.blocks * this.#header.blockBytes;
    this.#nextLsn += header.recordCount;
    this.#chain = header.crc;
    this.#sealed = header.kind === 'seal';
    return batch;
  }

  /** The batch from another copy than the one that was asked, if it is valid there; that copy is asked first from then on. */
  async #readOther(copies: readonly StorageFile[], found: StopFault): Promise<Batch | StopFault> {
    let fault = found;
    const asked = this.#source;
    for (const copy of copies) {
      if (copy === asked) continue;
      this.#readFrom(copy);
      const other = await this.#read();
      if (typeof other !== 'string') {
        this.#file.countFallback?.();
        return other;
      }
      // A copy that can be read says more than one that cannot.
      if (fault === 'the disk cannot read it' || fault === 'the file ends') fault = other;
    }
    this.#readFrom(asked);
    return fault;
  }

  #readFrom(copy: StorageFile): void {
    this.#source = copy;
    this.#window = new Uint8Array(0);
    this.#windowAt = 0;
  }

  async #read(): Promise<Batch | StopFault> {
    const place = { position: this.#position, nextLsn: this.#nextLsn, chain: this.#chain };
    const headerBytes =
      this.#held(place.position, batchHeaderBytes) ?? (await this.#load(place.position, batchHeaderBytes));
    if (typeof headerBytes === 'string') return headerBytes;
    const header = decodeBatchHeader(headerBytes, 0, this.#header.identity);
    if (header === undefined) return 'no batch header';
    const { blockBytes, batchBytesMax, codec } = this.#header;
    const roomBytes = this.#endBytes - this.#position;
    const headerFault = faultOfHeader(header, place, { blockBytes, batchBytesMax, codec, roomBytes });
    if (headerFault !== undefined) return headerFault;
    const bodyAt = place.position + batchHeaderBytes;
    const stored = this.#held(bodyAt, header.storedBytes) ?? (await this.#load(bodyAt, header.storedBytes));
    if (typeof stored === 'string') return stored;
    const storedFault = faultOfStored(header, stored);
    if (storedFault !== undefined) return storedFault;
    const body = header.isCompressed ? await unpackBody(codec, stored, header.rawBytes) : stored;
    return body === undefined ? 'damaged body' : (faultOfBody(header, body) ?? { header, body });
  }

  /** Bytes of the window; undefined if it does not hold all of them. Most batches are there, and cost no turn. */
  #held(position: number, length: number): Uint8Array | undefined {
    const from = position - this.#windowAt;
    const isHeld = from >= 0 && from + length <= this.#window.length;
    return isHeld ? this.#window.subarray(from, from + length) : undefined;
  }

  /** Moves the window, in ever bigger steps. It is never written to again, so that views of it stay good. */
  async #load(position: number, length: number): Promise<Uint8Array | StopFault> {
    // No length that stands on the disk is believed before the file is that long (I19).
    if (length > windowBytesMin && position + length > (await this.#source.size())) return 'the file ends';
    const wanted = Math.min(Math.max(length, this.#windowBytes), this.#endBytes - position);
    // One bad sector must not hide what stands before it: then only what is needed is read.
    const window =
      (await readOrFail(this.#source, position, wanted)) ??
      (await readOrFail(this.#source, position, length));
    if (window === undefined) return 'the disk cannot read it';
    this.#window = window;
    this.#windowAt = position;
    this.#windowBytes = Math.min(2 * this.#windowBytes, windowBytesMax);
    return this.#held(position, length) ?? 'the file ends';
  }
}

/** Fewer bytes than asked for at the end of the file; undefined if the disk cannot read them. */
export async function readOrFail(
  file: Pick<StorageFile, 'read'>,
  position: number,
  length: number,
): Promise<Uint8Array | undefined> {
  // Not zeroed first: only what was read is answered.
  const { buffer, byteOffset } = Buffer.allocUnsafe(length);
  const bytes = new Uint8Array(buffer, byteOffset, length);
  try {
    return bytes.subarray(0, await file.read(bytes, position));
  } catch (error) {
    if (error instanceof StorageError && error.code === 'io') return undefined;
    throw error;
  }
}
