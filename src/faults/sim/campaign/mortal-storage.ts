import { type Storage, StorageError } from '../../../wal/storage.ts';

/**
 * A storage as one process sees it: once that is dead, what it still had under way reaches the disk no more. (Its open files die with the
 * session of the simulated disk.)
 */
export function mortalStorage(storage: Storage, isDead: () => boolean): Storage {
  const alive = (): Storage => {
    if (isDead()) throw new StorageError('io', 'the process that asked is dead', { errno: 'EIO' });
    return storage;
  };
  return {
    description: storage.description,
    open: async (path, mode) => alive().open(path, mode),
    list: async (path) => alive().list(path),
    makeDirectory: async (path) => alive().makeDirectory(path),
    rename: async (from, to) => alive().rename(from, to),
    remove: async (path) => alive().remove(path),
    syncDirectory: async (path) => alive().syncDirectory(path),
    lock: async (path) => alive().lock(path),
  };
}
