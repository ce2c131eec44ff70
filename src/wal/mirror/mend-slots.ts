import { decodeManifest, manifestName, slotBytes, slotOffsets } from '../manifest.ts';
import type { LogPlace } from '../place.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import type { MendedRegion } from '../report.ts';
import {
  cursorSlotBytes,
  cursorSlotOffset,
  decodeCursorSlot,
  parseCursorFileName,
} from '../retention/cursor-slot.ts';
import type { StorageFile } from '../storage.ts';
import { isZero } from './copy-bytes.ts';
import { type CopyDamage, mendFile } from './mend.ts';
import { MirrorFile } from './mirror-file.ts';
import type { MirrorStorage } from './mirror-storage.ts';

/** A file of two slots that are written in turn. */
interface SlotKind {
  readonly slotBytes: number;
  readonly offsets: readonly number[];
  /** undefined: the slot is not valid. */
  generationOf(bytes: Uint8Array): number | undefined;
}

/** What manifest and cursors need: nothing is written to a slot before both copies hold the same ones. */
export async function mendSlotFiles(
  mirror: MirrorStorage,
  names: readonly string[],
): Promise<MendedRegion[]> {
  const mended: MendedRegion[] = [];
  for (const name of names) {
    const kind = kindOf(name, mirror.logId);
    if (kind !== undefined) mended.push(...(await mendSlotFile(mirror, name, kind)));
  }
  return mended;
}

function kindOf(name: string, logId: Uint8Array): SlotKind | undefined {
  if (name === manifestName)
    return { slotBytes, offsets: slotOffsets, generationOf: (bytes) => decodeManifest(bytes)?.generation };
  if (parseCursorFileName(name) === undefined) return undefined;
  return {
    slotBytes: cursorSlotBytes,
    offsets: [0, 1].map(cursorSlotOffset),
    generationOf: (bytes) => decodeCursorSlot(bytes, logId)?.generation,
  };
}

interface Slot {
  readonly copy: LogPlace;
  readonly file: StorageFile | undefined;
  /** undefined: the disk cannot read it. */
  readonly bytes: Uint8Array | undefined;
  /** 0: not valid. */
  readonly generation: number;
}

async function mendSlotFile(mirror: MirrorStorage, name: string, kind: SlotKind): Promise<MendedRegion[]> {
  const file = await mirror.open(name, 'read');
  if (!(file instanceof MirrorFile)) throw new Error('a mirror opens mirrored files');
  try {
    const damages: CopyDamage[] = [];
    for (const offset of kind.offsets) damages.push(...(await damagesAt(mirror, file, kind, offset)));
    return await mendFile(mirror, name, (kind.offsets.at(-1) ?? 0) + kind.slotBytes, damages);
  } finally {
    await file.close();
  }
}

/** Both copies are to hold the newer one of the slots at an offset. */
async function damagesAt(
  mirror: MirrorStorage,
  file: MirrorFile,
  kind: SlotKind,
  offset: number,
): Promise<CopyDamage[]> {
  const slots = await Promise.all(mirror.live.map((copy) => readSlot(copy, file.of(copy), kind, offset)));
  const newest = slots.reduce((best, slot) => (slot.generation > best.generation ? slot : best));
  const { bytes } = newest;
  if (newest.generation === 0 || bytes === undefined) return [];
  return slots
    .filter(({ generation }) => generation < newest.generation)
    .map((slot) => ({
      copy: slot.copy,
      offset,
      length: kind.slotBytes,
      source: [{ offset, bytes }],
      fault: faultOf(slot),
    }));
}

async function readSlot(
  copy: LogPlace,
  file: StorageFile | undefined,
  kind: SlotKind,
  offset: number,
): Promise<Slot> {
  const bytes = file === undefined ? undefined : await readOrFail(file, offset, kind.slotBytes);
  return { copy, file, bytes, generation: (bytes && kind.generationOf(bytes)) ?? 0 };
}

function faultOf({ file, bytes, generation }: Slot): CopyDamage['fault'] {
  if (file === undefined) return 'the file is missing';
  if (bytes === undefined) return 'the disk cannot read it';
  return generation > 0 || isZero(bytes) ? 'it is out of date' : 'it is damaged';
}
