import type { Storage, StorageFile } from '../storage.ts';

/** More reads than any small log takes: whoever asks for that many does not come to an end. */
const readsMax = 20_000;

/** A storage that counts the bytes that its readers make room for: what a length that lies would make them allocate. */
export class CountedStorage implements Storage {
  readonly description = 'counted:';
  readonly #storage: Storage;
  askedBytes = 0;
  #reads = 0;
  /** The most that one read asked for. */
  askedBytesMax = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<StorageFile> {
    return this.#counted(await this.#storage.open(path, mode));
  }

  list(path: string): Promise<string[]> {
    return this.#storage.list(path);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#storage.makeDirectory(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#storage.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#storage.remove(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#storage.syncDirectory(path);
  }

  lock(path: string): ReturnType<Storage['lock']> {
    return this.#storage.lock(path);
  }

  #counted(file: StorageFile): StorageFile {
    const count = (bytes: number) => {
      if (++this.#reads > readsMax) throw new Error(`more than ${readsMax} reads: it does not end`);
      this.askedBytes += bytes;
      this.askedBytesMax = Math.max(this.askedBytesMax, bytes);
    };
    return {
      size: () => file.size(),
      async read(buffer, position) {
        count(buffer.length);
        return file.read(buffer, position);
      },
      async readBack(buffer, position) {
        count(buffer.length);
        return file.readBack(buffer, position);
      },
      write: (buffers, position) => file.write(buffers, position),
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      syncData: () => file.syncData(),
      writeDurably: (buffers, position) => file.writeDurably(buffers, position),
      close: () => file.close(),
    };
  }
}
