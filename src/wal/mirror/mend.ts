import { makeFile } from '../make-file.ts';
import { type LogPlace, pathOf } from '../place.ts';
import type { MendedRegion } from '../report.ts';
import { createAfresh } from '../storage/storage-calls.ts';
import type { StorageFile } from '../storage.ts';
import { nameOf } from './copy.ts';
import { copyBytes, isZero, readLeniently, writeZeros } from './copy-bytes.ts';
import type { MirrorStorage } from './mirror-storage.ts';

/** Bytes that were read and found valid. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A region of one copy's file that is not what it must be. */
export interface CopyDamage {
  readonly copy: LogPlace;
  readonly offset: number;
  readonly length: number;
  /**
   * What must stand there, and zeros between: kept from when it was read, since a disk that answers something else the next time must
   * not spoil the copy that is right. Of a file that is missing or short: where it is.
   */
  readonly source: readonly Piece[] | StorageFile;
  readonly fault:
    | 'the file is missing'
    | 'the file is short'
    | 'the disk cannot read it'
    | 'it is damaged'
    | 'it is out of date';
}

export const repairTemporaryName = 'repair.tmp';

/**
 * Replaces a file of each copy that is damaged, as a whole (I17): its own bytes, with the right ones in the regions that are
 * damaged. What those held is kept beside it first, unless it is nothing but an older state.
 */
export async function mendFile(
  mirror: MirrorStorage,
  name: string,
  fileBytes: number,
  damages: readonly CopyDamage[],
): Promise<MendedRegion[]> {
  const mended: MendedRegion[] = [];
  for (const copy of new Set(damages.map((damage) => damage.copy))) {
    const here = damages.filter((damage) => damage.copy === copy);
    const isReplaced = await mirror.alone(copy, async () => {
      await replaceFile(copy, name, fileBytes, here);
      return true;
    });
    if (isReplaced === undefined) continue;
    for (const { offset, length, fault } of here)
      mended.push({ copy: nameOf(copy), file: name, offset, length, fault });
  }
  return mended;
}

async function replaceFile(
  copy: LogPlace,
  name: string,
  fileBytes: number,
  damages: readonly CopyDamage[],
): Promise<void> {
  const isMissing = damages.some(({ fault }) => fault === 'the file is missing');
  const old = isMissing ? undefined : await copy.storage.open(pathOf(copy, name), 'read');
  try {
    // B18: the new file is whole before it has the name of the old one.
    await makeFile(copy, name, repairTemporaryName, async (file) => {
      if (old !== undefined) await copyBytes(old, file, 0, fileBytes);
      for (const damage of damages) await writeRight(file, damage);
      if (old !== undefined) for (const damage of damages) await quarantine(name, old, damage);
    });
  } finally {
    await old?.close();
  }
}

async function writeRight(file: StorageFile, { source, offset, length }: CopyDamage): Promise<void> {
  if ('read' in source) return copyBytes(source, file, offset, length);
  await writeZeros(file, offset, length);
  for (const piece of source) await file.write([piece.bytes], piece.offset);
}

async function quarantine(name: string, old: StorageFile, damage: CopyDamage): Promise<void> {
  const { copy, offset, length, fault } = damage;
  if (fault === 'it is out of date') return;
  const bytes = await readLeniently(old, offset, length);
  if (isZero(bytes)) return;
  const path = pathOf(copy, `${name}@${offset}+${length}.quarantine`);
  const file = await createAfresh(copy.storage, path);
  try {
    await file.write([bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
