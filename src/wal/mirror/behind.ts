import { crc32c } from '../crc32c.ts';
import { putText, putU64, viewOf } from '../format.ts';
import { makeFile } from '../make-file.ts';
import { type LogPlace, pathOf } from '../place.ts';

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
  await makeFile(healthy, behindName, behindTemporaryName, (file) =>
    file.write([encodeBehind(logId, writtenAtMs)], 0),
  );
}

/** Once the other copy is whole again, durably. */
export async function removeBehind(healthy: LogPlace): Promise<void> {
  await healthy.storage.remove(pathOf(healthy, behindName));
  await healthy.storage.syncDirectory(healthy.directory);
}
