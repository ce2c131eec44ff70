import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { parse, relative, resolve, sep } from 'node:path';
import type { LogPlace } from '../place.ts';
import {
  type Storage,
  type StorageBackend,
  StorageError,
  type StorageFile,
  type StorageLock,
} from '../storage.ts';
import { BufferedFile, type OpenedFile } from './buffered-file.ts';
import { attempt, storageError } from './file-error.ts';
import { lockDirectory } from './file-lock.ts';

/** A directory of this machine, through the page cache, as the place of a log. */
export function openFileStorage(path: string, options: FileStorageOptions = {}): LogPlace {
  const { root, directory } = splitPath(path);
  return { storage: new FileStorage(root, options), directory };
}

/** The storage of a path is all of the file system name space: `root`. */
export function splitPath(path: string): { readonly root: string; readonly directory: string } {
  const absolute = resolve(path);
  const { root } = parse(absolute);
  return { root, directory: relative(root, absolute).split(sep).join('/') };
}

export interface FileStorageOptions {
  /**
   * Default true: a full `sync` and the close of a written file run in the thread pool, beside other work of the process.
   * False: every call is synchronous, which is faster where there is no other work.
   */
  readonly background?: boolean;
  /** Where `openFile` makes other files than the plain ones. */
  readonly backend?: StorageBackend;
  readonly openFile?: (opened: OpenedFile) => StorageFile | Promise<StorageFile>;
}

/**
 * Files of this machine. What a commit needs (`write`, `syncData`) is a synchronous system call each: that is about 33 µs faster
 * than the thread pool. A full `sync`, of a new segment for instance, runs in the background.
 * macOS: both barriers are F_FULLFSYNC (libuv's doing), so they reach the medium.
 */
export class FileStorage implements Storage {
  readonly description: string;
  readonly backend: StorageBackend;
  readonly #background: boolean;
  readonly #openFile: (opened: OpenedFile) => StorageFile | Promise<StorageFile>;

  constructor(root: string, options: FileStorageOptions = {}) {
    this.description = root;
    this.backend = options.backend ?? { name: 'buffered', why: 'works everywhere' };
    this.#background = options.background ?? true;
    this.#openFile = options.openFile ?? ((opened) => new BufferedFile(opened));
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<StorageFile> {
    const descriptor = attempt(`open ${path}`, () => openSync(this.#full(path), openFlags[mode], 0o644));
    try {
      return await this.#openFile({
        path,
        descriptor,
        isWritable: mode !== 'read',
        background: this.#background,
      });
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
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

  async deviceOf(path: string): Promise<string | undefined> {
    return attempt(`stat ${path}`, () => String(statSync(this.#full(path)).dev));
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
