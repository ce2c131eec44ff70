/**
 * What the log asks of a disk: the one seam between `src/wal` and real files, direct I/O, io_uring or a simulated
 * disk. Paths are relative to the storage's root, use `/`, and never start with one; `''` is the root directory.
 *
 * Contract, for every implementation:
 * - Calls on one storage may overlap. Calls on one file are carried out in the order they were made.
 * - Nothing is durable until a barrier says so: `sync` and `syncData` for a file's bytes and size, `syncDirectory` for
 *   the names in that directory, and for nothing else.
 * - A call either does all of what it says or rejects with a {@link StorageError}. After a rejected `write`, `sync`,
 *   `syncData` or `syncDirectory` nothing may be assumed about what is on disk, and calling again proves nothing.
 */
export interface Storage {
  /** What stands before a path in error messages: `/`, `memory:`, `sim:data/`. */
  readonly description: string;
  /** How it reaches its disk, where there is a choice. */
  readonly backend?: StorageBackend;
  /** Rejects with `not-found` (read, write) or `exists` (create). `create` makes a new, empty file open for reading and writing. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<StorageFile>;
  /** Names in a directory, without `.` and `..`, sorted by code unit. Rejects with `not-found`. */
  list(path: string): Promise<string[]>;
  /** Parents must exist. Rejects with `exists`. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces `to` in one step if it exists. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. Rejects with `not-found`. */
  remove(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes the one writer's lock on a directory, which must exist. Rejects with `locked` while someone else holds it, in this
   * process or another. It ends with its holder: a process that dies leaves no stale lock.
   */
  lock(path: string): Promise<StorageLock>;
  /** Which device a directory is on, where that can be told: two places with the same answer fail together. */
  deviceOf?(path: string): Promise<string | undefined>;
}

export interface StorageBackend {
  readonly name: 'buffered' | 'direct' | 'uring';
  /** Why this one, in one line. */
  readonly why: string;
  /** What it counts about its work, if anything. */
  readonly counters?: () => Readonly<Record<string, number>>;
}

export interface StorageLock {
  release(): Promise<void>;
}

export interface StorageFile {
  size(): Promise<number>;
  /** Fills `buffer` from `position`; answers how many bytes there were (less only at the end of the file). */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** As `read`, from the medium and not from a cache, as far as this storage can. */
  readBack(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes all the buffers, one after the other, from `position`. The caller leaves them alone until it settles. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** fsync: bytes, size and attributes. */
  sync(): Promise<void>;
  /** fdatasync: bytes, and the size if they need it to be read back. */
  syncData(): Promise<void>;
  /** `write`, then `syncData`: one step where the disk has one. */
  writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void>;
  close(): Promise<void>;
  /** Where the storage keeps the file more than once: each copy by itself, to read from. */
  readonly copies?: readonly StorageFile[];
  /** Told by a reader that took from another copy what the first did not have right. */
  countFallback?(): void;
}

export type StorageErrorCode =
  | 'not-found'
  | 'exists'
  | 'io'
  | 'full'
  | 'read-only'
  | 'unsupported'
  | 'locked';

/** `errno` (for instance `EIO`) is there where the system gave one. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  readonly errno: string | undefined;

  constructor(code: StorageErrorCode, message: string, options: { errno?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errno = options.errno;
  }
}
