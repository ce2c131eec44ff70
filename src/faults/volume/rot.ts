import { pageBytes, readContent } from '../model/content.ts';
import { sectorBytes } from '../model/device.ts';
import type { FileInode } from '../model/tree.ts';
import type { PlannedFault } from '../plan.ts';
import { drawFrom, drawing } from './draw.ts';
import type { Faults } from './faults.ts';
import { sectorsOf } from './medium.ts';

/** One bit of what the medium holds in this range of a file flips; readers see it. Holes hold nothing that could rot. */
export function rot(
  faults: Faults,
  volume: string,
  rule: PlannedFault<'bit-rot'>,
  file: FileInode,
  offset: number,
  length: number,
): void {
  const end = Math.min(offset + length, file.content.size);
  const stored = sectorsOf(offset, end - offset).filter((sector) =>
    file.content.pages.has(Math.floor((sector * sectorBytes) / pageBytes)),
  );
  const sector = drawFrom(stored, rule, readContent(file.content, offset, length));
  if (sector === undefined) {
    faults.runner.miss(rule, 'what it met holds no bytes that could rot');
    return;
  }
  faults.fire(rule);
  const at = sector * sectorBytes;
  const data = new Uint8Array(sectorBytes);
  faults.medium.read(file, at, data);
  const first = Math.max(0, offset - at);
  flipBit(data.subarray(first, Math.min(sectorBytes, end - at)), rule);
  faults.carryOut(volume, { kind: 'medium', inode: file.number, offset: at, data, shown: true });
}

/** Flips one bit in place, drawn from the rule's seed and the bytes. There must be at least one. */
export function flipBit(bytes: Uint8Array, rule: PlannedFault<'bit-rot'>): void {
  const draw = drawing(rule, bytes);
  const at = draw.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << draw.below(8));
}
