import { crc32c } from '../crc32c.ts';
import { viewOf } from '../format.ts';
import type { Settings } from '../options.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import { type Storage, StorageError, type StorageFile } from '../storage.ts';

interface Written {
  readonly position: number;
  readonly length: number;
  readonly crc: number;
}

/** Answers whether the next barrier's writes are to be read back. */
export type Sampler = () => boolean;

/** About 1 in 16, by a xorshift generator: which ones depends on the seed alone. */
export function sampleOneIn16(seed: number): Sampler {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state & 15) === 0;
  };
}

/** undefined: nothing is read back. The seed comes from the log's random bytes. */
export function samplerFor({ readBack, randomBytes }: Settings): Sampler | undefined {
  if (readBack === 'off') return undefined;
  return readBack === 'all' ? () => true : sampleOneIn16(viewOf(randomBytes(4)).getUint32(0));
}

/**
 * A storage that reads back from the medium what a barrier has just covered, and rejects the barrier if it is something else: a disk
 * that lies is found out before anything is acknowledged. For files opened to be written: segments, the manifest, cursors.
 */
export function readingBack(storage: Storage, isChosen: Sampler): Storage {
  return {
    description: storage.description,
    async open(path, mode) {
      const file = await storage.open(path, mode);
      return mode === 'write' ? new ReadBackFile(file, path, isChosen) : file;
    },
    list: (path) => storage.list(path),
    makeDirectory: (path) => storage.makeDirectory(path),
    rename: (from, to) => storage.rename(from, to),
    remove: (path) => storage.remove(path),
    syncDirectory: (path) => storage.syncDirectory(path),
    lock: (path) => storage.lock(path),
    deviceOf: async (path) => storage.deviceOf?.(path),
  };
}

class ReadBackFile implements StorageFile {
  readonly #file: StorageFile;
  readonly #path: string;
  readonly #isChosen: Sampler;
  /** What no barrier covers yet. */
  #written: Written[] = [];

  constructor(file: StorageFile, path: string, isChosen: Sampler) {
    this.#file = file;
    this.#path = path;
    this.#isChosen = isChosen;
  }

  size(): Promise<number> {
    return this.#file.size();
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#file.read(buffer, position);
  }

  readBack(buffer: Uint8Array, position: number): Promise<number> {
    return this.#file.readBack(buffer, position);
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.#note(buffers, position);
    await this.#file.write(buffers, position);
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size);
  }

  async sync(): Promise<void> {
    await this.#file.sync();
    await this.#check();
  }

  async syncData(): Promise<void> {
    await this.#file.syncData();
    await this.#check();
  }

  async writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.#note(buffers, position);
    await this.#file.writeDurably(buffers, position);
    await this.#check();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #note(buffers: readonly Uint8Array[], position: number): void {
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const crc = buffers.reduce((seed, buffer) => crc32c(buffer, seed), 0);
    this.#written.push({ position, length, crc });
  }

  async #check(): Promise<void> {
    const written = this.#written;
    this.#written = [];
    if (!this.#isChosen()) return;
    const medium = { read: (buffer: Uint8Array, at: number) => this.#file.readBack(buffer, at) };
    for (const { position, length, crc } of written) {
      const bytes = await readOrFail(medium, position, length);
      if (bytes !== undefined && bytes.length === length && crc32c(bytes) === crc) continue;
      throw new StorageError(
        'io',
        `${this.#path} at byte ${position}: what was written and synced does not read back; expected the ${length} bytes that were written. Replace the disk`,
      );
    }
  }
}
