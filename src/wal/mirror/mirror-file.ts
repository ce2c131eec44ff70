import type { LogPlace } from '../place.ts';
import { StorageError, type StorageFile } from '../storage.ts';
import type { MirrorStorage } from './mirror-storage.ts';

/** A file of both copies. Where one lacks it, that copy is damaged there: what is written to it is refused. */
export class MirrorFile implements StorageFile {
  readonly #mirror: MirrorStorage;
  readonly #path: string;
  readonly #files: ReadonlyMap<LogPlace, StorageFile>;

  constructor(mirror: MirrorStorage, path: string, files: ReadonlyMap<LogPlace, StorageFile>) {
    this.#mirror = mirror;
    this.#path = path;
    this.#files = files;
  }

  get copies(): readonly StorageFile[] {
    return this.#mirror.live.flatMap((copy) => this.#files.get(copy) ?? []);
  }

  /** A copy's own file; undefined if it has none. */
  of(copy: LogPlace): StorageFile | undefined {
    return this.#files.get(copy);
  }

  countFallback(): void {
    this.#mirror.countFallback();
  }

  /** The longer one: a copy whose file is short is damaged. */
  async size(): Promise<number> {
    const sizes = await Promise.allSettled(this.copies.map((file) => file.size()));
    const known = sizes.flatMap((size) => (size.status === 'fulfilled' ? [size.value] : []));
    if (known.length === 0) throw unreadable(this.#path, sizes);
    return Math.max(...known);
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#first((file) => file.read(buffer, position));
  }

  readBack(buffer: Uint8Array, position: number): Promise<number> {
    return this.#first((file) => file.readBack(buffer, position));
  }

  write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return this.#all((file) => file.write(buffers, position));
  }

  truncate(size: number): Promise<void> {
    return this.#all((file) => file.truncate(size));
  }

  sync(): Promise<void> {
    return this.#all((file) => file.sync());
  }

  syncData(): Promise<void> {
    return this.#all((file) => file.syncData());
  }

  writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return this.#all((file) => file.writeDurably(buffers, position));
  }

  /** A copy that is in use and fails at it is out; one that is out may say what it likes. */
  async close(): Promise<void> {
    const { live } = this.#mirror;
    const out = [...this.#files].filter(([copy]) => !live.includes(copy));
    await Promise.all([
      this.#mirror.all(async (copy) => this.#files.get(copy)?.close()),
      ...out.map(([, file]) => file.close().catch(() => undefined)),
    ]);
  }

  #all(work: (file: StorageFile) => Promise<void>): Promise<void> {
    return this.#mirror.all(async (copy) => {
      const file = this.#files.get(copy);
      if (file === undefined) throw new StorageError('io', `${this.#path} is missing`);
      await work(file);
    });
  }

  async #first(read: (file: StorageFile) => Promise<number>): Promise<number> {
    const errors: unknown[] = [];
    for (const file of this.copies) {
      try {
        return await read(file);
      } catch (error) {
        errors.push(error);
      }
    }
    throw errors[0] ?? new StorageError('io', `no copy has ${this.#path}`);
  }
}

function unreadable(path: string, outcomes: readonly PromiseSettledResult<unknown>[]): unknown {
  const [first] = outcomes;
  return first?.status === 'rejected' ? first.reason : new StorageError('io', `no copy has ${path}`);
}
