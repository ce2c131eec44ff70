import { closeSync, constants, openSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { StorageError, type StorageLock } from '../storage.ts';
import { flockDirectory } from './flock.ts';

/**
 * The one writer's lock on a directory. It is the kernel's and dies with the process, so no crash leaves a stale one.
 *
 * Linux: a socket in the abstract name space, named after the directory's device and inode; that name space exists once for
 * each network name space, so containers that share a directory but not a network meet at a flock(2) on it, where koffi is there.
 * Windows: a named pipe. macOS and the BSDs: a file opened with O_EXLOCK.
 */
export async function lockDirectory(path: string): Promise<StorageLock> {
  switch (process.platform) {
    case 'linux':
      return lockOnLinux(path);
    case 'win32':
      return bindName(path, `\\\\.\\pipe\\powercut-wal-${identityOf(path).replace('/', '-')}`);
    default:
      return openExclusively(path);
  }
}

async function lockOnLinux(path: string): Promise<StorageLock> {
  const name = await bindName(path, `\0powercut-wal/${identityOf(path)}`);
  try {
    const unlock = await flockDirectory(path);
    if (unlock === 'held') throw lockedError(path);
    return {
      release: async () => {
        unlock?.();
        await name.release();
      },
    };
  } catch (error) {
    await name.release();
    throw error instanceof StorageError ? error : lockError(path, error as NodeJS.ErrnoException);
  }
}

function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}/${ino}`;
}

async function bindName(path: string, name: string): Promise<StorageLock> {
  // Whoever connects to it is sent away: a connection would keep the lock.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(lockError(path, error)));
    // exclusive: or the workers of a cluster would share one socket.
    server.listen({ path: name, exclusive: true }, resolve);
  });
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** open(2) on macOS and the BSDs: take an exclusive flock with the descriptor. Node has no name for it. */
const openExclusiveLock = 0x20;

function openExclusively(path: string): StorageLock {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | openExclusiveLock;
  try {
    const descriptor = openSync(join(path, 'lock'), flags, 0o644);
    return { release: async () => closeSync(descriptor) };
  } catch (error) {
    throw lockError(path, error as NodeJS.ErrnoException);
  }
}

function lockError(path: string, error: NodeJS.ErrnoException): StorageError {
  const isHeld = error.code === 'EADDRINUSE' || error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK';
  if (isHeld) return lockedError(path, error);
  return new StorageError('io', `cannot lock ${path}: ${error.message}`, { cause: error });
}

function lockedError(path: string, cause?: Error): StorageError {
  return new StorageError('locked', `${path} is locked by another Wal, in this process or another`, {
    cause,
  });
}
