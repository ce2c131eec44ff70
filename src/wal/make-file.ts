import { type LogPlace, pathOf } from './place.ts';
import { createAfresh } from './storage/storage-calls.ts';
import type { StorageFile } from './storage.ts';

/**
 * Makes a file, or replaces one. After a crash the name stands for what it stood for before, or for all that `fill` wrote (I17):
 * the content is durable before it has the name, and the name when this settles. What has the temporary name is removed first.
 */
export async function makeFile(
  place: LogPlace,
  name: string,
  temporaryName: string,
  fill: (file: StorageFile) => Promise<void>,
): Promise<void> {
  const { storage, directory } = place;
  const temporary = pathOf(place, temporaryName);
  const file = await createAfresh(storage, temporary);
  try {
    await fill(file);
    await file.sync();
  } finally {
    await file.close();
  }
  await storage.rename(temporary, pathOf(place, name));
  await storage.syncDirectory(directory);
}
