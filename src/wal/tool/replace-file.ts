import { makeFile } from '../make-file.ts';
import { type LogPlace, pathOf } from '../place.ts';
import type { StorageFile } from '../storage.ts';

const temporaryName = 'repair.tmp';
const chunkBytes = 1024 * 1024;

/** A stretch of a file, and the file that it is to be taken from. */
export interface Piece {
  readonly from: StorageFile;
  readonly position: number;
  readonly bytes: number;
}

/** Makes a file anew from pieces, one behind the other. A crash leaves the old file or the new one. */
export async function replaceFile(place: LogPlace, name: string, pieces: readonly Piece[]): Promise<void> {
  await makeFile(place, name, temporaryName, (file) => copyPieces(file, pieces));
}

/** Keeps a stretch of a file as it is, under a name that nothing reads. Answers the name; one that is there already is kept. */
export async function setAside(
  place: LogPlace,
  name: string,
  position: number,
  bytes: number,
): Promise<string> {
  const aside = `${name}@${position}+${bytes}.quarantine`;
  if ((await place.storage.list(place.directory)).includes(aside)) return aside;
  const from = await place.storage.open(pathOf(place, name), 'read');
  try {
    await replaceFile(place, aside, [{ from, position, bytes }]);
  } finally {
    await from.close();
  }
  return aside;
}

async function copyPieces(target: StorageFile, pieces: readonly Piece[]): Promise<void> {
  let at = 0;
  for (const { from, position, bytes } of pieces) {
    for (let done = 0; done < bytes; done += chunkBytes) {
      const buffer = new Uint8Array(Math.min(chunkBytes, bytes - done));
      await readWhatCanBe(from, buffer, position + done);
      await target.write([buffer], at + done);
    }
    at += bytes;
  }
}

/** Sectors that the disk cannot read stay zero. */
async function readWhatCanBe(file: StorageFile, buffer: Uint8Array, position: number): Promise<void> {
  try {
    await file.read(buffer, position);
  } catch {
    const sectorBytes = 512;
    for (let at = 0; at < buffer.length; at += sectorBytes)
      await file.read(buffer.subarray(at, at + sectorBytes), position + at).catch(() => 0);
  }
}
