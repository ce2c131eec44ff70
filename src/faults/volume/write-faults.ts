import { pageBytes, readContent } from '../model/content.ts';
import { sectorBytes } from '../model/device.ts';
import type { WriteOperation } from '../model/operation.ts';
import type { FileInode } from '../model/tree.ts';
import type { PlannedFault, PlanRule } from '../plan.ts';
import { drawFrom } from './draw.ts';
import type { Faults } from './faults.ts';
import { PosixError } from './posix-error.ts';
import { partOf, roomFor, wholeSectors } from './space.ts';

/**
 * Lets the first rule that can befall a write do so. Answers how many bytes it then answers, undefined if none does and
 * the write is still to be carried out. Throws where the write fails.
 */
export function befallWrite(
  faults: Faults,
  volume: string,
  operation: WriteOperation,
  rules: readonly PlanRule[],
): number | undefined {
  for (const rule of rules) {
    const written = befall(faults, volume, operation, rule);
    if (written !== undefined) return written;
  }
  return undefined;
}

function befall(
  faults: Faults,
  volume: string,
  operation: WriteOperation,
  rule: PlanRule,
): number | undefined {
  switch (rule.fault) {
    case 'io-error':
      return failWrite(faults, volume, operation, rule);
    case 'disk-full':
      return fillDisk(faults, volume, operation, rule);
    case 'short-io':
      return cutShort(faults, volume, operation, rule);
    case 'lost-write':
      faults.fire(rule);
      loseWrite(faults, volume, operation);
      return operation.data.length;
    case 'misdirected-write':
      return misdirect(faults, volume, operation, rule);
    case 'latent-sector-error':
      return damageWritten(faults, volume, operation, rule);
    default:
      return undefined;
  }
}

function failWrite(
  faults: Faults,
  volume: string,
  operation: WriteOperation,
  rule: PlannedFault<'io-error'>,
): never {
  const { inode, offset, data } = operation;
  const errno = rule.errno ?? 'EIO';
  faults.fire(rule);
  const carriedOut = partOf(operation, rule.part ?? 0);
  if (carriedOut > 0) faults.carryOut(volume, cut(operation, carriedOut));
  if (rule.lasts !== undefined) {
    const heals = rule.lasts === 'until-rewritten';
    faults.badSectors.add(inode, offset, data.length, {
      errno,
      heals,
      spares: { left: Number.POSITIVE_INFINITY },
    });
  }
  throw new PosixError(errno, `a write to inode ${inode} failed, as planned`);
}

/** What still fits is written and answered; the next write finds no room at all. */
function fillDisk(
  faults: Faults,
  volume: string,
  operation: WriteOperation,
  rule: PlannedFault<'disk-full'>,
): number | undefined {
  const room = roomFor(faults.disk, volume, operation, rule);
  if (room >= operation.data.length) return missed(faults, rule, 'there was space for what was written');
  faults.fire(rule);
  if (room === 0) throw new PosixError('ENOSPC', `there is no space left on ${volume}, as planned`);
  faults.carryOut(volume, cut(operation, room));
  return room;
}

function cutShort(
  faults: Faults,
  volume: string,
  operation: WriteOperation,
  rule: PlannedFault<'short-io'>,
): number | undefined {
  const half = Math.floor(operation.data.length / 2);
  if (half === 0 && rule.interrupted !== true)
    return missed(faults, rule, 'a write of one byte cannot be cut short');
  faults.fire(rule);
  if (rule.interrupted === true) throw new PosixError('EINTR', 'the write was interrupted, as planned');
  faults.carryOut(volume, cut(operation, half));
  return half;
}

function loseWrite(faults: Faults, volume: string, operation: WriteOperation): void {
  const file = faults.disk.file(operation.inode);
  faults.medium.keep(file, operation.offset, operation.data.length);
  faults.carryOut(volume, { ...operation, lost: true });
}

/** The sectors of the write land over others of the same volume, which hold data. Where there are none, it arrives. */
function misdirect(
  faults: Faults,
  volume: string,
  operation: WriteOperation,
  rule: PlannedFault<'misdirected-write'>,
): number | undefined {
  const places = storedSectors(faults, volume).filter((place) => !isWritten(operation, place));
  const place = drawFrom(places, rule, operation.data);
  if (place === undefined)
    return missed(faults, rule, `nothing else is stored on ${volume} where it could have landed`);
  faults.fire(rule);
  loseWrite(faults, volume, operation);
  const from = wholeSectors(operation.offset);
  const length = wholeSectors(operation.offset + operation.data.length + sectorBytes - 1) - from;
  const data = new Uint8Array(length);
  data.set(readContent(faults.disk.file(operation.inode).content, from, length));
  const sectors = consecutive(places, place, length / sectorBytes);
  faults.carryOut(volume, {
    kind: 'medium',
    inode: place.file.number,
    offset: place.offset,
    data: data.subarray(0, sectors * sectorBytes),
    shown: false,
  });
  return operation.data.length;
}

function damageWritten(
  faults: Faults,
  volume: string,
  operation: WriteOperation,
  rule: PlannedFault<'latent-sector-error'>,
): number | undefined {
  const { inode, offset, data } = operation;
  const at = rule.offset ?? offset;
  if (at < wholeSectors(offset) || at >= offset + data.length)
    return missed(faults, rule, `no write met the sector at ${at}`);
  if (!faults.badSectors.damage(rule, inode, at)) return undefined;
  faults.fire(rule);
  faults.carryOut(volume, operation);
  return data.length;
}

/** The rule found nothing to befall: another may, or the write is carried out. */
function missed(faults: Faults, rule: PlanRule, why: string): undefined {
  faults.runner.miss(rule, why);
}

interface Place {
  readonly file: FileInode;
  readonly offset: number;
}

/** Every sector that a file of the volume holds data in, in order of inode and offset: a disk is nearly all holes. */
function storedSectors({ disk }: Faults, volume: string): Place[] {
  const files = [...disk.tree.inodes.values()].filter(
    (inode) => inode.kind === 'file' && disk.state(inode.number).volume === volume,
  );
  return files.flatMap((file) => {
    if (file.kind !== 'file') return [];
    const { pages, size } = file.content;
    return [...pages.keys()]
      .sort((a, b) => a - b)
      .flatMap((page) => sectorsOf(page).filter((offset) => offset < size))
      .map((offset) => ({ file, offset }));
  });
}

function sectorsOf(page: number): number[] {
  return Array.from(
    { length: pageBytes / sectorBytes },
    (_, sector) => page * pageBytes + sector * sectorBytes,
  );
}

function isWritten({ inode, offset, data }: WriteOperation, place: Place): boolean {
  return (
    place.file.number === inode && place.offset + sectorBytes > offset && place.offset < offset + data.length
  );
}

/** How many of `places` follow each other from `first` on, `countMax` at most. */
function consecutive(places: readonly Place[], first: Place, countMax: number): number {
  const start = places.indexOf(first);
  let count = 1;
  while (count < countMax) {
    const next = places[start + count];
    if (next?.file !== first.file || next.offset !== first.offset + count * sectorBytes) break;
    count++;
  }
  return count;
}

function cut(operation: WriteOperation, length: number): WriteOperation {
  return { ...operation, data: operation.data.subarray(0, length) };
}
