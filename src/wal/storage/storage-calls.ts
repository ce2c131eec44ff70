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

/** Every step, one after the other, also when one fails; then rejects with the first failure. */
export async function releaseAll(steps: readonly (() => Promise<void> | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
