import { StorageError, type StorageErrorCode } from '../storage.ts';

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

/** Makes a system call; what it throws becomes a {@link StorageError}. `what` stands behind "cannot". */
export function attempt<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw storageError(what, error);
  }
}

export function storageError(what: string, error: unknown): StorageError {
  const { code: errno = 'EIO', message } = error as NodeJS.ErrnoException;
  return new StorageError(codes[errno] ?? 'io', `cannot ${what}: ${message}`, { errno, cause: error });
}
