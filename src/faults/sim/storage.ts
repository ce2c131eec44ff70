import { setTimeout } from 'node:timers/promises';
import {
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageFile,
  type StorageLock,
} from '../../wal/storage.ts';
import type { InodeNumber } from '../model/tree.ts';
import { type Descriptor, type ErrnoName, PosixError } from '../volume.ts';
import type { SimSession } from './session.ts';

/** A volume of the simulated disk as a storage. Each call is one system call on the live disk, and so in the recording. */
export class SimStorage implements Storage {
  readonly description: string;
  readonly #volume: string;
  readonly #current: () => SimSession;

  /** `current` answers the session that new calls go to. */
  constructor(volume: string, current: () => SimSession) {
    this.description = `sim:${volume}/`;
    this.#volume = volume;
    this.#current = current;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<StorageFile> {
    return this.#call('open', path, (session) => {
      const { names, files } = session.disk;
      const { parent, name } = this.#place(session, path);
      const inode =
        mode === 'create'
          ? names.create(parent, name, { kind: 'file', mode: 0o644 })
          : names.lookup(parent, name);
      if (inode.kind !== 'file') throw new PosixError('EISDIR', `${path} is a ${inode.kind}`);
      return new SimFile(session, path, files.open(inode.number, { writable: mode !== 'read' }));
    });
  }

  async list(path: string): Promise<string[]> {
    return this.#call('list', path, (session) =>
      [...session.disk.names.entries(this.#inode(session, path)).keys()].sort(),
    );
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#call('make directory', path, (session) => {
      const { parent, name } = this.#place(session, path);
      session.disk.names.create(parent, name, { kind: 'directory', mode: 0o755 });
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call('rename', from, (session) => {
      const source = this.#place(session, from);
      const target = this.#place(session, to);
      session.disk.names.rename(source.parent, source.name, target.parent, target.name);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#call('remove', path, (session) => {
      const { parent, name } = this.#place(session, path);
      session.disk.names.unlink(parent, name);
    });
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#call('sync directory', path, (session) => {
      const { files } = session.disk;
      const descriptor = files.open(this.#inode(session, path));
      try {
        files.sync(descriptor, 'fsyncdir');
      } finally {
        files.close(descriptor);
      }
    });
  }

  async lock(path: string): Promise<StorageLock> {
    return this.#call('lock', path, (session) => {
      const inode = this.#inode(session, path);
      if (session.locks.has(inode)) throw new StorageError('locked', `${path} is locked by another user`);
      session.locks.add(inode);
      return {
        release: async () => {
          session.locks.delete(inode);
        },
      };
    });
  }

  #inode(session: SimSession, path: string): InodeNumber {
    return session.disk.names.resolve(this.#volume, path).number;
  }

  #place(session: SimSession, path: string): { parent: InodeNumber; name: string } {
    const slash = path.lastIndexOf('/');
    const parent = this.#inode(session, path.slice(0, Math.max(0, slash)));
    return { parent, name: path.slice(slash + 1) };
  }

  #call<T>(what: string, path: string, call: (session: SimSession) => T): T | Promise<T> {
    return attempt(this.#current(), what, path, call);
  }
}

class SimFile implements StorageFile {
  readonly #session: SimSession;
  readonly #path: string;
  readonly #descriptor: Descriptor;

  constructor(session: SimSession, path: string, descriptor: Descriptor) {
    this.#session = session;
    this.#path = path;
    this.#descriptor = descriptor;
  }

  async size(): Promise<number> {
    return this.#call('stat', ({ disk }) => disk.files.size(this.#descriptor.inode));
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#all(buffer.length, (done) =>
      this.#call('read', ({ disk }) =>
        disk.files.read(this.#descriptor, position + done, buffer.subarray(done)),
      ),
    );
  }

  readBack(buffer: Uint8Array, position: number): Promise<number> {
    return this.#all(buffer.length, (done) =>
      this.#call('read', ({ disk }) =>
        disk.files.readBack(this.#descriptor, position + done, buffer.subarray(done)),
      ),
    );
  }

  /** The disk keeps the bytes, so they are copied: the caller may reuse its buffers. */
  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = concatenate(buffers);
    const count = await this.#all(bytes.length, (done) =>
      this.#call('write', ({ disk }) =>
        disk.files.write(this.#descriptor, position + done, done === 0 ? bytes : bytes.subarray(done)),
      ),
    );
    if (count < bytes.length)
      throw new StorageError('full', `${this.#path} cannot grow beyond ${position + count} bytes`);
  }

  async truncate(size: number): Promise<void> {
    await this.#call('truncate', ({ disk }) => disk.files.truncate(this.#descriptor.inode, size));
  }

  async sync(): Promise<void> {
    await this.#call('sync', ({ disk }) => disk.files.sync(this.#descriptor, 'fsync'));
  }

  async syncData(): Promise<void> {
    await this.#call('sync', ({ disk }) => disk.files.sync(this.#descriptor, 'fdatasync'));
  }

  async writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void> {
    await this.write(buffers, position);
    await this.syncData();
  }

  async close(): Promise<void> {
    await this.#call('close', ({ disk }) => disk.files.close(this.#descriptor));
  }

  /** Asks again for the rest where a call does less than asked, or was interrupted, as programs must. */
  async #all(wanted: number, call: (done: number) => number | Promise<number>): Promise<number> {
    for (let done = 0; ; ) {
      try {
        const count = await call(done);
        done += count;
        if (count === 0 || done === wanted) return done;
      } catch (error) {
        if (!(error instanceof StorageError) || error.errno !== 'EINTR') throw error;
      }
    }
  }

  #call<T>(what: string, call: (session: SimSession) => T): T | Promise<T> {
    return attempt(this.#session, what, this.#path, call);
  }
}

function concatenate(buffers: readonly Uint8Array[]): Uint8Array {
  const [only] = buffers;
  if (only !== undefined && buffers.length === 1) return only.slice();
  const result = new Uint8Array(buffers.reduce((sum, buffer) => sum + buffer.length, 0));
  let offset = 0;
  for (const buffer of buffers) {
    result.set(buffer, offset);
    offset += buffer.length;
  }
  return result;
}

/** At once, but where the plan makes it slow. */
function attempt<T>(
  session: SimSession,
  what: string,
  path: string,
  call: (session: SimSession) => T,
): T | Promise<T> {
  session.check();
  try {
    const result = call(session);
    const delayMs = session.disk.takeDelayMs();
    return delayMs === 0 ? result : setTimeout(delayMs, result);
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    throw new StorageError(codes[error.code] ?? 'io', `cannot ${what} ${path}: ${error.message}`, {
      errno: error.code,
      cause: error,
    });
  }
}

const codes: Partial<Record<ErrnoName, StorageErrorCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  EFBIG: 'full',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EPERM: 'read-only',
  EROFS: 'read-only',
};
