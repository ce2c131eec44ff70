import { type Storage, StorageError, type StorageFile } from '../storage.ts';

/**
 * A new file under a name that a crash may have left. The name is removed and the file never touched: a rename that a crash
 * cut in two may have left both names on a file in use.
 */
export async function createAfresh(storage: Storage, path: string): Promise<StorageFile> {
  try {
    return await storage.open(path, 'create');
  } catch (error) {
    if (!(error instanceof StorageError && error.code === 'exists')) throw error;
    await storage.remove(path);
    return storage.open(path, 'create');
  }
}

export async function removeIfThere(storage: Storage, path: string): Promise<void> {
  try {
    await storage.remove(path);
  } catch (error) {
    if (!(error instanceof StorageError && error.code === 'not-found')) throw error;
  }
}
