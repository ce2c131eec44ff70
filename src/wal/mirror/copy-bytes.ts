import { blockBytesMin } from '../format.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import type { StorageFile } from '../storage.ts';

const chunkBytes = 256 * 1024;
const zeros = Buffer.alloc(chunkBytes);

/** Copies bytes between two files. What cannot be read, or is not there, becomes zeros. */
export async function copyBytes(
  from: StorageFile,
  to: StorageFile,
  offset: number,
  length: number,
): Promise<void> {
  const end = offset + length;
  for (let at = offset; at < end; at += chunkBytes) {
    const bytes = await readLeniently(from, at, Math.min(chunkBytes, end - at));
    await to.write([bytes], at);
  }
}

/** As many bytes as asked for; sectors that cannot be read, or are not there, as zeros. */
export async function readLeniently(file: StorageFile, offset: number, length: number): Promise<Uint8Array> {
  const whole = await readOrFail(file, offset, length);
  if (whole?.length === length) return whole;
  const bytes = new Uint8Array(length);
  if (whole !== undefined) {
    bytes.set(whole);
    return bytes;
  }
  // In the disk's own sectors: one that is bad hides no other.
  for (let at = offset; at < offset + length; ) {
    const next = Math.min(offset + length, at + blockBytesMin - (at % blockBytesMin));
    bytes.set((await readOrFail(file, at, next - at)) ?? [], at - offset);
    at = next;
  }
  return bytes;
}

export async function writeZeros(to: StorageFile, offset: number, length: number): Promise<void> {
  for (let at = 0; at < length; at += chunkBytes)
    await to.write([zeros.subarray(0, Math.min(chunkBytes, length - at))], offset + at);
}

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    if (zeros.compare(chunk, 0, chunk.length, 0, chunk.length) !== 0) return false;
  }
  return true;
}
