import {
  close,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { StorageFile } from '../storage.ts';
import { alignmentBytes, alignUp, StagingBuffer } from './aligned-memory.ts';
import { attempt, storageError } from './file-error.ts';

const fsyncInBackground = promisify(fsync);
const closeInBackground = promisify(close);

export interface OpenedFile {
  /** For messages. */
  readonly path: string;
  readonly descriptor: number;
  readonly isWritable: boolean;
  /** See `FileStorageOptions`. */
  readonly background: boolean;
}

/** A file through the page cache: every call is one system call, pwrite and fdatasync among them. */
export class BufferedFile implements StorageFile {
  readonly path: string;
  readonly descriptor: number;
  /** How the second descriptor of a file open for writing is opened, beside O_DIRECT. */
  protected readonly directFlags: number = constants.O_RDWR;
  readonly #isWritable: boolean;
  /** Some file systems write out at close: only where nothing can have been written is it sure to be quick. */
  readonly #background: boolean;
  /** A second descriptor, with O_DIRECT: undefined before it is needed, `refused` where there is none. */
  #direct: number | 'refused' | undefined;

  constructor({ path, descriptor, isWritable, background }: OpenedFile) {
    this.path = path;
    this.descriptor = descriptor;
    this.#isWritable = isWritable;
    this.#background = background && isWritable;
  }

  async size(): Promise<number> {
    return this.attempt('stat', () => fstatSync(this.descriptor).size);
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    return this.attempt('read', () => readFully(this.descriptor, buffer, position));
  }

  /** With O_DIRECT, which brings nothing from the page cache; a plain read where the system or the file system has none. */
  async readBack(buffer: Uint8Array, position: number): Promise<number> {
    const direct = this.direct();
    if (direct === undefined) return this.read(buffer, position);
    const from = position - (position % alignmentBytes);
    const whole = staging.take(alignUp(position + buffer.length - from));
    const count = this.attempt('read back', () => readFully(direct, whole, from, alignmentBytes));
    const bytes = whole.subarray(position - from, Math.min(count, position - from + buffer.length));
    buffer.set(bytes);
    return bytes.length;
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.writeTo(this.descriptor, joined(buffers), position);
  }

  async truncate(size: number): Promise<void> {
    this.attempt('truncate', () => ftruncateSync(this.descriptor, size));
  }

  async sync(): Promise<void> {
    if (!this.#background) return this.attempt('sync', () => fsyncSync(this.descriptor));
    await fsyncInBackground(this.descriptor).catch((error) => {
      throw storageError(`sync ${this.path}`, error);
    });
  }

  async syncData(): Promise<void> {
    this.attempt('sync', () => fdatasyncSync(this.descriptor));
  }

  async writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.writeTo(this.descriptor, joined(buffers), position);
    this.attempt('sync', () => fdatasyncSync(this.descriptor));
  }

  async close(): Promise<void> {
    const direct = this.#direct;
    this.#direct = 'refused';
    if (typeof direct === 'number') this.attempt('close', () => closeSync(direct));
    if (!this.#background) return this.attempt('close', () => closeSync(this.descriptor));
    await closeInBackground(this.descriptor).catch((error) => {
      throw storageError(`close ${this.path}`, error);
    });
  }

  /**
   * The descriptor with O_DIRECT; undefined if it is refused. It is of the same file even if that was renamed since. The kernel keeps
   * both views of a file the same: a direct read first writes out what the page cache holds of its range, and a direct write drops it.
   */
  protected direct(): number | undefined {
    this.#direct ??= openDirect(this.descriptor, this.#isWritable ? this.directFlags : constants.O_RDONLY);
    return this.#direct === 'refused' ? undefined : this.#direct;
  }

  protected writeTo(descriptor: number, bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; )
      done += this.attempt('write', () =>
        writeSync(descriptor, bytes, done, bytes.length - done, position + done),
      );
  }

  protected attempt<T>(what: string, call: () => T): T {
    return attempt(`${what} ${this.path}`, call);
  }
}

/** Shared by all files: every use ends within one call. */
const staging = new StagingBuffer();

export function joined(buffers: readonly Uint8Array[]): Uint8Array {
  const [only] = buffers;
  return buffers.length === 1 && only !== undefined ? only : Buffer.concat(buffers);
}

function openDirect(descriptor: number, flags: number): number | 'refused' {
  if (process.platform !== 'linux') return 'refused';
  try {
    return openSync(`/proc/self/fd/${descriptor}`, flags | constants.O_DIRECT);
  } catch {
    return 'refused';
  }
}

/** A count that is not a multiple of `unitBytes` is the end of the file; a direct read could not go on from there. */
function readFully(descriptor: number, buffer: Uint8Array, position: number, unitBytes = 1): number {
  let done = 0;
  while (done < buffer.length) {
    const count = readSync(descriptor, buffer, done, buffer.length - done, position + done);
    done += count;
    if (count === 0 || count % unitBytes !== 0) break;
  }
  return done;
}
