import { type Content, copyContent, pageBytes } from '../model/content.ts';
import { sectorBytes } from '../model/device.ts';
import type { MediumOperation, Operation } from '../model/operation.ts';
import type { FileInode, InodeNumber } from '../model/tree.ts';

/** What the medium holds of one file that the page cache does not. */
interface Difference {
  /** Sector number to its bytes. */
  readonly sectors: Map<number, Uint8Array>;
  size?: number;
}

/**
 * The medium under the page cache. The cache is taken to be written back at once, so that the two are the same but for
 * what faults have done: only the differences are kept.
 */
export class Medium {
  readonly #differences = new Map<InodeNumber, Difference>();

  /** A write to this range will not arrive: the medium keeps what it has. To be called before it is carried out. */
  keep(file: FileInode, offset: number, length: number): void {
    const { sectors } = this.#differenceOf(file.number);
    for (const sector of sectorsOf(offset, length)) {
      if (!sectors.has(sector)) sectors.set(sector, sectorAt(file.content, sector));
    }
  }

  /** The medium holds what `content` says, wherever the cache holds something else. */
  keepAll(file: FileInode, content: Content): void {
    const difference = this.#differenceOf(file.number);
    for (const index of new Set([...content.pages.keys(), ...file.content.pages.keys()])) {
      for (const sector of sectorsOf(index * pageBytes, pageBytes)) {
        const old = sectorAt(content, sector);
        if (Buffer.compare(old, sectorAt(file.content, sector)) !== 0) difference.sectors.set(sector, old);
      }
    }
    if (content.size !== file.content.size) difference.size = content.size;
  }

  /** What the operation leaves behind it on the medium. To be called once it is carried out. */
  follow(operation: Operation): void {
    switch (operation.kind) {
      case 'write':
        if (operation.lost !== true) this.#written(operation.inode, operation.offset, operation.data.length);
        return;
      case 'allocate':
        if (operation.mode !== 'reserve') {
          this.#zeroed(operation.inode, operation.offset, operation.offset + operation.length);
        }
        return;
      case 'truncate':
        this.#zeroed(operation.inode, operation.size, Number.POSITIVE_INFINITY);
        return;
      case 'medium':
        this.#changed(operation);
        return;
      default:
    }
  }

  /** As reading the file does, with the medium's bytes. */
  read(file: FileInode, offset: number, into: Uint8Array): number {
    const difference = this.#differences.get(file.number);
    const size = difference?.size ?? file.content.size;
    const count = copyContent({ ...file.content, size }, offset, into);
    for (const [sector, bytes] of difference?.sectors ?? []) {
      const at = sector * sectorBytes - offset;
      const from = Math.max(0, at);
      const to = Math.min(count, at + sectorBytes);
      if (from < to) into.set(bytes.subarray(from - at, to - at), from);
    }
    return count;
  }

  /** What has to become of the cache if it lets go of the file: nothing where both hold the same. */
  differencesOf(inode: InodeNumber): MediumOperation[] {
    const { sectors, size } = this.#differences.get(inode) ?? { sectors: new Map<number, Uint8Array>() };
    const operations = stretches(sectors).map(({ offset, parts }): MediumOperation => {
      return { kind: 'medium', inode, offset, data: Buffer.concat(parts), shown: true };
    });
    if (size === undefined) return operations;
    return [...operations, { kind: 'medium', inode, offset: 0, data: new Uint8Array(), size, shown: true }];
  }

  #differenceOf(inode: InodeNumber): Difference {
    const known = this.#differences.get(inode);
    if (known !== undefined) return known;
    const difference = { sectors: new Map<number, Uint8Array>() };
    this.#differences.set(inode, difference);
    return difference;
  }

  #written(inode: InodeNumber, offset: number, length: number): void {
    const difference = this.#differences.get(inode);
    if (difference === undefined) return;
    const end = Math.ceil((offset + length) / sectorBytes);
    for (const sector of [...difference.sectors.keys()]) {
      if (sector >= Math.floor(offset / sectorBytes) && sector < end) difference.sectors.delete(sector);
    }
    // A size that is set is written with its inode.
    delete difference.size;
  }

  /** Bytes `from` to `to`: what is left of a sector is the medium's own. */
  #zeroed(inode: InodeNumber, from: number, to: number): void {
    const difference = this.#differences.get(inode);
    if (difference === undefined) return;
    for (const [sector, bytes] of [...difference.sectors]) {
      const at = sector * sectorBytes;
      const start = Math.max(0, from - at);
      const end = Math.min(sectorBytes, to - at);
      if (start >= end) continue;
      if (end - start === sectorBytes) difference.sectors.delete(sector);
      else difference.sectors.set(sector, bytes.slice().fill(0, start, end));
    }
    delete difference.size;
  }

  #changed({ inode, offset, data, size, shown }: MediumOperation): void {
    if (shown) {
      this.#written(inode, offset, data.length);
      return;
    }
    const difference = this.#differenceOf(inode);
    for (const sector of sectorsOf(offset, data.length)) {
      const at = sector * sectorBytes - offset;
      difference.sectors.set(sector, data.subarray(at, at + sectorBytes));
    }
    if (size !== undefined) difference.size = size;
  }
}

/** The numbers of the sectors that a range touches. */
export function sectorsOf(offset: number, length: number): number[] {
  const first = Math.floor(offset / sectorBytes);
  const end = Math.ceil((offset + length) / sectorBytes);
  return Array.from({ length: Math.max(0, end - first) }, (_, step) => first + step);
}

/** One sector of a file, zeros beyond its end. */
export function sectorAt(content: Content, sector: number): Uint8Array {
  const bytes = new Uint8Array(sectorBytes);
  copyContent(content, sector * sectorBytes, bytes);
  return bytes;
}

/** Sectors that lie side by side, together. */
function stretches(sectors: ReadonlyMap<number, Uint8Array>): { offset: number; parts: Uint8Array[] }[] {
  const found: { offset: number; parts: Uint8Array[] }[] = [];
  for (const [sector, bytes] of [...sectors].sort(([a], [b]) => a - b)) {
    const last = found.at(-1);
    const offset = sector * sectorBytes;
    if (last !== undefined && last.offset + last.parts.length * sectorBytes === offset)
      last.parts.push(bytes);
    else found.push({ offset, parts: [bytes] });
  }
  return found;
}
