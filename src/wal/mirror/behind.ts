import { crc32c } from '../crc32c.ts';
import { putText, putU64, viewOf } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { createAfresh } from '../storage/storage-calls.ts';

/** docs/wal-format.md section 8: the copy that has this file is whole, and the other misses what was written since. */
export const behindName = 'mirror.behind';
const behindTemporaryName = 'mirror.tmp';
const behindMagic = 'pcutbeh1';
const behindBytes = 64;

/** `logId`: 16 bytes, zero while the log has none. */
export function encodeBehind(logId: Uint8Array, writtenAtMs: number): Uint8Array {
  const bytes = new Uint8Array(behindBytes);
  const view = viewOf(bytes);
  putText(bytes, 0, behindMagic);
  bytes.set(logId, 16);
  putU64(view, 32, writtenAtMs);
  view.setUint32(8, crc32c(bytes.subarray(12)), true);
  return bytes;
}

/** Durable when it settles. B17: on the healthy copy, before anything is acknowledged on it alone. */
export async function writeBehind(healthy: LogPlace, logId: Uint8Array, writtenAtMs: number): Promise<void> {
  const { storage, directory } = healthy;
  const temporary = pathOf(healthy, behindTemporaryName);
  const file = await createAfresh(storage, temporary);
  try {
    await file.write([encodeBehind(logId, writtenAtMs)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await storage.rename(temporary, pathOf(healthy, behindName));
  await storage.syncDirectory(directory);
}

/** Once the other copy is whole again, durably. */
export async function removeBehind(healthy: LogPlace): Promise<void> {
  await healthy.storage.remove(pathOf(healthy, behindName));
  await healthy.storage.syncDirectory(healthy.directory);
}
