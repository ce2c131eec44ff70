import type { FileInode } from '../model/tree.ts';
import type { PlannedFault, PlanRule } from '../plan.ts';
import { olderBytes } from './durable-versions.ts';
import type { Faults } from './faults.ts';
import { PosixError } from './posix-error.ts';
import { flipBit } from './rot.ts';
import { wholeSectors } from './space.ts';

/**
 * Answers a read, with what the rules make of it: how many bytes, in `into`. `into` is as long as the file allows; `read`
 * fills it as no fault would. Throws where the read fails.
 */
export function befallRead(
  faults: Faults,
  file: FileInode,
  offset: number,
  into: Uint8Array,
  rules: readonly PlanRule[],
  read: () => number,
): number {
  let count = read();
  for (const rule of rules) {
    switch (rule.fault) {
      case 'io-error':
        failRead(faults, file, offset, into.length, rule);
        break;
      case 'latent-sector-error':
        damageSector(faults, file, offset, into.length, rule);
        break;
      case 'stale-read':
        answerStale(faults, file, offset, into.subarray(0, count), rule);
        break;
      case 'bit-rot':
        if (rule.at !== 'read') break;
        if (count === 0) faults.runner.miss(rule, 'the read answered no bytes');
        else {
          faults.fire(rule);
          flipBit(into.subarray(0, count), rule);
        }
        break;
      case 'short-io':
        count = cutShort(faults, count, rule);
        break;
    }
  }
  return count;
}

function failRead(
  faults: Faults,
  file: FileInode,
  offset: number,
  length: number,
  rule: PlannedFault<'io-error'>,
): never {
  const errno = rule.errno ?? 'EIO';
  faults.fire(rule);
  if (rule.lasts !== undefined) {
    const heals = rule.lasts === 'until-rewritten';
    faults.badSectors.add(file.number, offset, length, {
      errno,
      heals,
      spares: { left: Number.POSITIVE_INFINITY },
    });
  }
  throw new PosixError(errno, `a read of inode ${file.number} failed, as planned`);
}

/** From now on the sector answers EIO, to this read too, until it is written. It goes bad once, however often it is read. */
function damageSector(
  faults: Faults,
  file: FileInode,
  offset: number,
  length: number,
  rule: PlannedFault<'latent-sector-error'>,
): void {
  const at = rule.offset ?? offset;
  if (length === 0 || at < wholeSectors(offset) || at >= offset + length)
    faults.runner.miss(rule, `no read met the sector at ${at}`);
  else if (faults.badSectors.damage(rule, file.number, at)) faults.fire(rule);
}

/** A durable version that had other bytes there, the newest or one further back. Where there is none, the read is answered truly. */
function answerStale(
  faults: Faults,
  file: FileInode,
  offset: number,
  into: Uint8Array,
  rule: PlannedFault<'stale-read'>,
): void {
  const stale = olderBytes(faults.disk, file.number, offset, into).at(-(rule.back ?? 1));
  if (stale === undefined) {
    faults.runner.miss(rule, 'no barrier had made other bytes durable where it read');
    return;
  }
  faults.fire(rule);
  into.set(stale);
}

function cutShort(faults: Faults, count: number, rule: PlannedFault<'short-io'>): number {
  const half = Math.floor(count / 2);
  if (half === 0 && rule.interrupted !== true) {
    faults.runner.miss(rule, 'a read of one byte, or none, cannot be cut short');
    return count;
  }
  faults.fire(rule);
  if (rule.interrupted === true) throw new PosixError('EINTR', 'the read was interrupted, as planned');
  return half;
}
