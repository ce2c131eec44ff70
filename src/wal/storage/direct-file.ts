import { constants } from 'node:fs';
import { isAligned, StagingBuffer } from './aligned-memory.ts';
import { BufferedFile, type OpenedFile } from './buffered-file.ts';

/** Shared by all files: every use ends within one call. */
const staging = new StagingBuffer();

/**
 * A file whose durable writes are one system call: a pwrite with O_DIRECT | O_DSYNC, which answers once the bytes are on the
 * medium. That takes whole blocks, so it is the way of commits. All else (manifest and cursor slots, zeros, writes that nobody
 * waits for) goes through the page cache.
 */
export class DirectFile extends BufferedFile {
  protected override readonly directFlags = constants.O_RDWR | constants.O_DSYNC;
  readonly #unitBytes: number;
  /**
   * O_DSYNC answers for its own bytes only: behind a plain write that no barrier covers, a barrier for the whole file is due. So plain
   * writes are counted, and those that a barrier has covered.
   */
  #plainWrites = 0;
  #coveredWrites = 0;

  /** `unitBytes`: what O_DIRECT takes multiples of. */
  constructor(opened: OpenedFile, unitBytes: number) {
    super(opened);
    this.#unitBytes = unitBytes;
  }

  override write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.#plainWrites++;
    return super.write(buffers, position);
  }

  override truncate(size: number): Promise<void> {
    this.#plainWrites++;
    return super.truncate(size);
  }

  override async sync(): Promise<void> {
    const plainWrites = this.#plainWrites;
    await super.sync();
    this.#coveredWrites = Math.max(this.#coveredWrites, plainWrites);
  }

  override async syncData(): Promise<void> {
    const plainWrites = this.#plainWrites;
    await super.syncData();
    this.#coveredWrites = Math.max(this.#coveredWrites, plainWrites);
  }

  override async writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const isCovered = this.#coveredWrites === this.#plainWrites;
    const direct = isCovered && isWhole(buffers, position, this.#unitBytes) ? this.direct() : undefined;
    if (direct !== undefined) {
      const bytes = alignedBytes(buffers, this.#unitBytes, (length) => staging.take(length));
      return this.writeTo(direct, bytes, position);
    }
    await this.write(buffers, position);
    await this.syncData();
  }
}

/** Whether the buffers are whole blocks where O_DIRECT takes them. */
export function isWhole(buffers: readonly Uint8Array[], position: number, unitBytes: number): boolean {
  const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  return length % unitBytes === 0 && position % unitBytes === 0;
}

/** The buffers as one, from where O_DIRECT takes it: copied to what `allocate` answers if they must be. */
export function alignedBytes(
  buffers: readonly Uint8Array[],
  unitBytes: number,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  const [only] = buffers;
  if (buffers.length === 1 && only !== undefined && isAligned(only, unitBytes)) return only;
  const bytes = allocate(buffers.reduce((sum, buffer) => sum + buffer.length, 0));
  let at = 0;
  for (const buffer of buffers) {
    bytes.set(buffer, at);
    at += buffer.length;
  }
  return bytes;
}
