import { manifestName } from '../manifest.ts';
import type { LogPlace } from '../place.ts';
import { StorageError } from '../storage.ts';

/** Makes a log's directory durable, with its parents, unless it has a manifest: that was made after its path was durable. */
export async function ensureLogDirectory(place: LogPlace): Promise<void> {
  if (!(await namesIn(place)).includes(manifestName)) await ensureDirectory(place);
}

async function namesIn({ storage, directory }: LogPlace): Promise<string[]> {
  try {
    return await storage.list(directory);
  } catch (error) {
    if (error instanceof StorageError && error.code === 'not-found') return [];
    throw error;
  }
}

/** Makes the directory and its parents. B1: the parent of each is synced before anything is put into it. */
async function ensureDirectory({ storage, directory }: LogPlace): Promise<void> {
  if (directory === '') return;
  const parent = directory.slice(0, Math.max(0, directory.lastIndexOf('/')));
  let isNew = true;
  try {
    await storage.makeDirectory(directory);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    isNew = error.code !== 'exists';
    if (error.code === 'not-found') {
      await ensureDirectory({ storage, directory: parent });
      await storage.makeDirectory(directory);
    } else if (isNew) throw error;
  }
  try {
    await storage.syncDirectory(parent);
  } catch (error) {
    // The parent of a directory that was there may be closed to us; then its name is not ours to secure.
    if (isNew || !(error instanceof StorageError && error.code === 'unsupported')) throw error;
  }
}
