import { parseSegmentName } from '../format.ts';
import { makeFile } from '../make-file.ts';
import { decodeManifest, manifestName, slotBytes, slotOffsets } from '../manifest.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import { parseCursorFileName } from '../retention/cursor-slot.ts';
import { removeIfThere } from '../storage/storage-calls.ts';
import { StorageError, type StorageFile } from '../storage.ts';
import { copyBytes } from './copy-bytes.ts';
import { repairTemporaryName } from './mend.ts';

/**
 * Makes a copy anew from the other: every file is written again, whatever it seems to hold, since a copy that failed may show
 * bytes that never reached its disk. The manifest comes last: without it the copy still counts as behind.
 */
export async function rebuildCopy(from: LogPlace, to: LogPlace): Promise<void> {
  const names = (await from.storage.list(from.directory)).filter(isLogFile);
  for (const name of await to.storage.list(to.directory))
    if (isLogFile(name) && !names.includes(name)) await removeIfThere(to.storage, pathOf(to, name));
  names.sort((left, right) => Number(left === manifestName) - Number(right === manifestName));
  for (const name of names) await copyFile(from, to, name);
}

function isLogFile(name: string): boolean {
  return (
    name === manifestName || parseSegmentName(name) !== undefined || parseCursorFileName(name) !== undefined
  );
}

/** A source that fails meanwhile is copied as zeros: without a manifest the copy would be no log. */
async function hasManifest(file: StorageFile): Promise<boolean> {
  for (const offset of slotOffsets) {
    const bytes = await readOrFail(file, offset, slotBytes);
    if (bytes?.length === slotBytes && decodeManifest(bytes) !== undefined) return true;
  }
  return false;
}

async function copyFile(from: LogPlace, to: LogPlace, name: string): Promise<void> {
  const source = await from.storage.open(pathOf(from, name), 'read');
  try {
    await makeFile(to, name, repairTemporaryName, async (file) => {
      await copyBytes(source, file, 0, await source.size());
      if (name === manifestName && !(await hasManifest(file)))
        throw new StorageError('io', `${pathOf(from, name)} cannot be read any more`);
    });
  } finally {
    await source.close();
  }
}
