import {
  close,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { parse, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import {
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageFile,
  type StorageLock,
} from '../storage.ts';
import { lockDirectory } from './file-lock.ts';

/** A directory of this machine as the place of a log: the storage is all of the file system name space. */
export function openFileStorage(
  path: string,
  options: FileStorageOptions = {},
): { readonly storage: Storage; readonly directory: string } {
  const absolute = resolve(path);
  const { root } = parse(absolute);
  return {
    storage: new FileStorage(root, options),
    directory: relative(root, absolute).split(sep).join('/'),
  };
}

export interface FileStorageOptions {
  /**
   * Default true: a full `sync` and the close of a written file run in the thread pool, beside other work of the process.
   * False: every call is synchronous, which is faster where there is no other work.
   */
  readonly background?: boolean;
}

/**
 * Files through the page cache. What a commit needs (`write`, `syncData`) is one synchronous system call each: that is about
 * 33 µs faster than the thread pool. A full `sync`, of a new segment for instance, runs in the background.
 * macOS: both barriers are F_FULLFSYNC (libuv's doing), so they reach the medium.
 */
export class FileStorage implements Storage {
  readonly description: string;
  readonly #background: boolean;

  constructor(root: string, { background = true }: FileStorageOptions = {}) {
    this.description = root;
    this.#background = background;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<StorageFile> {
    return attempt(`open ${path}`, () => {
      const descriptor = openSync(this.#full(path), openFlags[mode], 0o644);
      return new RealFile(path, descriptor, this.#background && mode !== 'read');
    });
  }

  async list(path: string): Promise<string[]> {
    return attempt(`list ${path}`, () => readdirSync(this.#full(path)).sort());
  }

  async makeDirectory(path: string): Promise<void> {
    attempt(`make directory ${path}`, () => mkdirSync(this.#full(path)));
  }

  async rename(from: string, to: string): Promise<void> {
    attempt(`rename ${from} to ${to}`, () => renameSync(this.#full(from), this.#full(to)));
  }

  async remove(path: string): Promise<void> {
    attempt(`remove ${path}`, () => unlinkSync(this.#full(path)));
  }

  async syncDirectory(path: string): Promise<void> {
    // NTFS journals names and has no call for it.
    if (process.platform === 'win32') return;
    const descriptor = openDirectory(path, this.#full(path));
    try {
      attempt(`sync directory ${path}`, () => fsyncSync(descriptor));
    } finally {
      closeSync(descriptor);
    }
  }

  lock(path: string): Promise<StorageLock> {
    return lockDirectory(this.#full(path));
  }

  #full(path: string): string {
    return this.description + path;
  }
}

const openFlags = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

/** A directory that may be searched but not read cannot be synced by us. */
function openDirectory(path: string, full: string): number {
  try {
    return openSync(full, constants.O_RDONLY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw storageError(`open directory ${path}`, error);
    throw new StorageError('unsupported', `directory ${path} cannot be opened, so it cannot be synced`, {
      errno: code,
      cause: error,
    });
  }
}

const fsyncInBackground = promisify(fsync);
const closeInBackground = promisify(close);

class RealFile implements StorageFile {
  readonly #path: string;
  readonly #descriptor: number;
  /** Some file systems write out at close: only where nothing can have been written is it sure to be quick. */
  readonly #background: boolean;

  constructor(path: string, descriptor: number, background: boolean) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#background = background;
  }

  async size(): Promise<number> {
    return this.#attempt('stat', () => fstatSync(this.#descriptor).size);
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < buffer.length) {
      const count = this.#attempt('read', () =>
        readSync(this.#descriptor, buffer, done, buffer.length - done, position + done),
      );
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  readBack(buffer: Uint8Array, position: number): Promise<number> {
    return this.read(buffer, position);
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const [only] = buffers;
    const bytes = buffers.length === 1 && only !== undefined ? only : Buffer.concat(buffers);
    for (let done = 0; done < bytes.length; ) {
      done += this.#attempt('write', () =>
        writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done),
      );
    }
  }

  async truncate(size: number): Promise<void> {
    this.#attempt('truncate', () => ftruncateSync(this.#descriptor, size));
  }

  async sync(): Promise<void> {
    if (!this.#background) return this.#attempt('sync', () => fsyncSync(this.#descriptor));
    await fsyncInBackground(this.#descriptor).catch((error) => {
      throw storageError(`sync ${this.#path}`, error);
    });
  }

  async syncData(): Promise<void> {
    this.#attempt('sync', () => fdatasyncSync(this.#descriptor));
  }

  async writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void> {
    await this.write(buffers, position);
    await this.syncData();
  }

  async close(): Promise<void> {
    if (!this.#background) return this.#attempt('close', () => closeSync(this.#descriptor));
    await closeInBackground(this.#descriptor).catch((error) => {
      throw storageError(`close ${this.#path}`, error);
    });
  }

  #attempt<T>(what: string, call: () => T): T {
    return attempt(`${what} ${this.#path}`, call);
  }
}

function attempt<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw storageError(what, error);
  }
}

const codes: Readonly<Record<string, StorageErrorCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
  EINVAL: 'unsupported',
  ENOTSUP: 'unsupported',
};

function storageError(what: string, error: unknown): StorageError {
  const { code: errno = 'EIO', message } = error as NodeJS.ErrnoException;
  return new StorageError(codes[errno] ?? 'io', `cannot ${what}: ${message}`, { errno, cause: error });
}
