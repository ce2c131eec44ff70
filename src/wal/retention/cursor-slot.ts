import { crc32c } from '../crc32c.ts';
import { WalError } from '../errors.ts';
import { equalBytes, formatVersion, hasText, putText, putU64, takeU64, viewOf } from '../format.ts';
import type { StorageFile } from '../storage.ts';

/** docs/wal-format.md section 9: a cursor's file has two slots, written in turn; the valid one with the higher generation counts. */
export interface CursorSlot {
  /** From 1; slot = generation modulo 2. */
  readonly generation: number;
  readonly logId: Uint8Array;
  /** The LSN up to which the consumer is done; 0: nothing yet. */
  readonly lsn: number;
  readonly writtenAtMs: number;
}

const cursorMagic = 'pcutcur1';

export const cursorSlotBytes = 128;
/** More than any disk's physical block: writing one slot never harms the other. */
const slotStrideBytes = 16_384;

const fileNamePattern = /^cursor-([a-z0-9_-]{1,64})$/;

/** Throws `invalid` for a name that cannot be a file's. */
export function cursorFileName(name: string): string {
  const fileName = `cursor-${name}`;
  if (fileNamePattern.test(fileName)) return fileName;
  throw new WalError('invalid', `cursor name ${JSON.stringify(name)}: expected 1 to 64 of a-z, 0-9, - and _`);
}

/** What a cursor's file is called until it is whole: cursors are made side by side. */
export function cursorTemporaryName(name: string): string {
  return `${cursorFileName(name)}.tmp`;
}

/** The name of a cursor by that of its file; undefined for any other file. */
export function parseCursorFileName(fileName: string): string | undefined {
  return fileNamePattern.exec(fileName)?.[1];
}

export function encodeCursorSlot(slot: CursorSlot): Uint8Array {
  const bytes = new Uint8Array(cursorSlotBytes);
  const view = viewOf(bytes);
  putText(bytes, 0, cursorMagic);
  view.setUint16(12, formatVersion, true);
  view.setUint16(14, cursorSlotBytes, true);
  putU64(view, 16, slot.generation);
  bytes.set(slot.logId, 24);
  putU64(view, 40, slot.lsn);
  putU64(view, 48, slot.writtenAtMs);
  view.setUint32(8, crc32c(bytes.subarray(12)), true);
  return bytes;
}

/** undefined if the slot is damaged, was never written, or is another log's; throws `unsupported` for a later version. */
export function decodeCursorSlot(bytes: Uint8Array, logId: Uint8Array): CursorSlot | undefined {
  if (bytes.length < cursorSlotBytes || !hasText(bytes, 0, cursorMagic)) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(8, true) !== crc32c(bytes.subarray(12, cursorSlotBytes))) return undefined;
  if (view.getUint16(12, true) !== formatVersion)
    throw new WalError(
      'unsupported',
      'a cursor was written by a later version of this log: use that version',
    );
  if (!equalBytes(bytes.subarray(24, 40), logId)) return undefined;
  return {
    generation: takeU64(view, 16),
    logId,
    lsn: takeU64(view, 40),
    writtenAtMs: takeU64(view, 48),
  };
}

export function cursorSlotOffset(generation: number): number {
  return (generation % 2) * slotStrideBytes;
}

/** The valid slots of a cursor's file in all its copies, newest first, one of each generation. */
export async function readCursorSlots(
  file: StorageFile,
  logId: Uint8Array,
  how: 'read' | 'readBack' = 'read',
): Promise<CursorSlot[]> {
  const slots = new Map<number, CursorSlot>();
  for (const copy of file.copies ?? [file]) {
    for (const offset of [0, slotStrideBytes]) {
      const bytes = new Uint8Array(cursorSlotBytes);
      // A slot that the disk cannot read is a damaged one.
      const count = await copy[how](bytes, offset).catch(() => 0);
      const slot = decodeCursorSlot(bytes.subarray(0, count), logId);
      if (slot !== undefined) slots.set(slot.generation, slot);
    }
  }
  return [...slots.values()].sort((left, right) => right.generation - left.generation);
}
