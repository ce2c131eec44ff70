import { type Batch, type BatchFault, decodeBatchHeader, faultOfBody, faultOfHeader } from '../batch.ts';
import { batchHeaderBytes, type SegmentHeader } from '../format.ts';
import { StorageError, type StorageFile } from '../storage.ts';

export type StopFault = BatchFault | 'the file ends' | 'the disk cannot read it';

/** A batch to start at: where it is, and the chain that it continues. */
export interface BatchStart {
  readonly position: number;
  readonly firstLsn: number;
  readonly chain: number;
}

const windowBytes = 256 * 1024;

/** Reads a segment's batches in order, up to the first position that holds no valid one. */
export class BatchCursor {
  readonly #file: StorageFile;
  readonly #header: SegmentHeader;
  readonly #endBytes: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;
  #position: number;
  #nextLsn: number;
  #chain: number;
  #sealed = false;
  #fault: StopFault | undefined;

  /** `endBytes`: where the segment ends, as far as that is known from elsewhere; nothing behind it is read. */
  constructor(file: StorageFile, header: SegmentHeader, endBytes: number = header.segmentBytes) {
    this.#file = file;
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

  /** Why there is no batch at `position`; undefined before that, and when the segment was read to its end. */
  get fault(): StopFault | undefined {
    return this.#fault;
  }

  /** Skips the batches before one that a seal's index names; whether it is there shows when it is read. */
  skipTo({ position, firstLsn, chain }: BatchStart): void {
    this.#position = position;
    this.#nextLsn = firstLsn;
    this.#chain = chain;
  }

  async next(): Promise<Batch | undefined> {
    if (this.#fault !== undefined || this.#sealed || this.#position >= this.#endBytes) return undefined;
    const batch = await this.#read();
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

  async #read(): Promise<Batch | StopFault> {
    const place = { position: this.#position, nextLsn: this.#nextLsn, chain: this.#chain };
    const headerBytes = await this.#load(this.#position, batchHeaderBytes);
    if (typeof headerBytes === 'string') return headerBytes;
    const header = decodeBatchHeader(headerBytes, 0, this.#header.identity);
    if (header === undefined) return 'no batch header';
    const { blockBytes, batchBytesMax } = this.#header;
    const roomBytes = this.#endBytes - this.#position;
    const headerFault = faultOfHeader(header, place, { blockBytes, batchBytesMax, roomBytes });
    if (headerFault !== undefined) return headerFault;
    const body = await this.#load(this.#position + batchHeaderBytes, header.bodyBytes);
    if (typeof body === 'string') return body;
    return faultOfBody(header, body) ?? { header, body };
  }

  /** Bytes from the window, which moves on in big steps; it is never written to again, so that views of it stay good. */
  async #load(position: number, length: number): Promise<Uint8Array | StopFault> {
    const end = position + length;
    if (position < this.#windowAt || end > this.#windowAt + this.#window.length) {
      const wanted = Math.min(Math.max(length, windowBytes), this.#endBytes - position);
      // One bad sector must not hide what stands before it: then only what is needed is read.
      const window =
        (await readOrFail(this.#file, position, wanted)) ?? (await readOrFail(this.#file, position, length));
      if (window === undefined) return 'the disk cannot read it';
      this.#window = window;
      this.#windowAt = position;
      if (window.length < length) return 'the file ends';
    }
    return this.#window.subarray(position - this.#windowAt, end - this.#windowAt);
  }
}

/** Fewer bytes than asked for at the end of the file; undefined if the disk cannot read them. */
export async function readOrFail(
  file: StorageFile,
  position: number,
  length: number,
): Promise<Uint8Array | undefined> {
  // Not zeroed first: only what was read is answered.
  const buffer = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  try {
    return buffer.subarray(0, await file.read(buffer, position));
  } catch (error) {
    if (error instanceof StorageError && error.code === 'io') return undefined;
    throw error;
  }
}
