import { pageBytes } from '../model/content.ts';
import { sectorBytes } from '../model/device.ts';
import type { Operation, WriteOperation } from '../model/operation.ts';
import type { PlannedFault } from '../plan.ts';
import type { DiskState } from './disk-state.ts';

type DiskFull = PlannedFault<'disk-full'>;

/** Whether the operation finds no space: by order, or because the volume's files take up its capacity. */
export function isFull(disk: DiskState, volume: string, operation: Operation, rule: DiskFull): boolean {
  if (!takesSpace(operation)) return false;
  if (rule.capacityBytes === undefined) return true;
  const { kind } = operation;
  const needed =
    kind === 'allocate' ? newPages(disk, operation.inode, operation.offset, operation.length) * pageBytes : 1;
  return usedBytes(disk, volume) + needed > rule.capacityBytes;
}

/** How much of a write there is room for, from its start; all of it if the rule does not befall it. */
export function roomFor(disk: DiskState, volume: string, operation: WriteOperation, rule: DiskFull): number {
  const { inode, offset, data } = operation;
  if (rule.capacityBytes === undefined) return partOf(operation, rule.part ?? 0);
  let pages = Math.max(0, Math.floor((rule.capacityBytes - usedBytes(disk, volume)) / pageBytes));
  const { content } = disk.file(inode);
  for (let index = Math.floor(offset / pageBytes); index * pageBytes < offset + data.length; index++) {
    if (content.pages.has(index)) continue;
    if (pages === 0) return Math.max(0, index * pageBytes - offset);
    pages--;
  }
  return data.length;
}

/**
 * How many bytes of a write are carried out that ends early, at the edge of a sector of the file: the last one within its `part`, or else the
 * first one that it comes to. None where it comes to none.
 */
export function partOf({ offset, data }: WriteOperation, part: number): number {
  if (part === 0) return 0;
  if (part === 1) return data.length;
  const within = wholeSectors(offset + data.length * part) - offset;
  if (within > 0) return within;
  const first = wholeSectors(offset) + sectorBytes - offset;
  return first < data.length ? first : 0;
}

export function wholeSectors(bytes: number): number {
  return Math.floor(bytes / sectorBytes) * sectorBytes;
}

/** A name takes no space of its own here: only what makes an inode, or may need a new block of a directory, can fail. */
function takesSpace({ kind }: Operation): boolean {
  return ['create', 'link', 'rename', 'allocate', 'set-xattr'].includes(kind);
}

/** What the files of a volume take up: whole pages, holes none. */
function usedBytes(disk: DiskState, volume: string): number {
  let pages = 0;
  for (const inode of disk.tree.inodes.values()) {
    if (inode.kind === 'file' && disk.state(inode.number).volume === volume)
      pages += inode.content.pages.size;
  }
  return pages * pageBytes;
}

function newPages(disk: DiskState, inode: number, offset: number, length: number): number {
  const { pages } = disk.file(inode).content;
  const first = Math.floor(offset / pageBytes);
  let count = 0;
  for (let index = first; index * pageBytes < offset + length; index++) if (!pages.has(index)) count++;
  return count;
}
