import { describe, expect, test } from 'vitest';
import { appendAll, readTexts, texts } from '../fixtures/log.ts';
import type { WalOptions } from '../options.ts';
import type { MemoryStorage } from '../storage/memory-storage.ts';
import type { Storage } from '../storage.ts';
import { openMirrored, snapshots, type TwoDisks, twoDisks, withBadSector } from './fixtures/disks.ts';

const sectorBytes = 512;
/** Two records a segment: a sealed one, and one that is written; or one that holds all. */
const options: WalOptions = { segmentBytes: 2048 };
const count = 5;

async function written(): Promise<{ readonly closed: TwoDisks; readonly crashed: TwoDisks }> {
  const disks = twoDisks();
  const wal = await openMirrored(disks, options);
  await appendAll(wal, texts(count));
  const cursor = await wal.cursor('mail');
  await cursor.advance(2);
  const crashed = snapshots(disks);
  await wal.close();
  return { closed: snapshots(disks), crashed };
}

interface Sector {
  readonly side: keyof TwoDisks;
  readonly path: string;
  readonly at: number;
}

async function sectorsOf(disks: TwoDisks): Promise<Sector[]> {
  const sectors: Sector[] = [];
  for (const side of ['first', 'second'] as const) {
    for (const name of await disks[side].list('wal')) {
      const path = `wal/${name}`;
      const { length } = disks[side].bytes(path);
      for (let at = 0; at < length; at += sectorBytes) sectors.push({ side, path, at });
    }
  }
  return sectors;
}

function bytesOf(disk: MemoryStorage, { path, at }: Sector): Uint8Array {
  return disk.bytes(path).subarray(at, at + sectorBytes);
}

type Fault = (disks: TwoDisks, sector: Sector, all: readonly Sector[]) => { first: Storage; second: Storage };

const inPlace =
  (change: (bytes: Uint8Array, disk: MemoryStorage, sector: Sector, all: readonly Sector[]) => void): Fault =>
  (disks, sector, all) => {
    const disk = disks[sector.side];
    change(bytesOf(disk, sector), disk, sector, all);
    return disks;
  };

const faults: Readonly<Record<string, Fault>> = {
  zeroed: inPlace((bytes) => bytes.fill(0)),
  'with a bit flipped': inPlace((bytes) => {
    bytes[Math.min(40, bytes.length - 1)] = (bytes[Math.min(40, bytes.length - 1)] ?? 0) ^ 4;
  }),
  'that cannot be read': (disks, { side, path, at }) => ({
    ...disks,
    [side]: withBadSector(disks[side], path, at, sectorBytes),
  }),
  'that took the place of another': inPlace((bytes, disk, sector, all) => {
    const others = all.filter(
      ({ side, path, at }) => side === sector.side && (path !== sector.path || at !== sector.at),
    );
    const other = others[(all.indexOf(sector) * 7) % others.length];
    if (other === undefined) return;
    const target = bytesOf(disk, other);
    const length = Math.min(bytes.length, target.length);
    const kept = bytes.slice(0, length);
    bytes.set(target.subarray(0, length));
    target.set(kept);
  }),
};

describe.each(['closed', 'crashed'] as const)('a mirrored log that was %s, with one sector', (state) => {
  test.for(Object.entries(faults))('%s: loses nothing, and is mended once (I16)', async ([, fault]) => {
    const found = (await written())[state];
    const sectors = await sectorsOf(found);
    expect(sectors.length).toBeGreaterThan(60);
    let mendedCount = 0;
    for (const sector of sectors) {
      const disks = fault(snapshots(found), sector, sectors);
      const where = `${sector.side} ${sector.path} at ${sector.at}`;
      const wal = await openMirrored(disks, options, 100);
      const shown = await readTexts(wal);
      expect({ where, shown }).toEqual({ where, shown: texts(count) });
      expect((await wal.cursor('mail')).lsn).toBe(2);
      const scrubbed = await wal.scrub();
      expect({ where, damages: scrubbed.damages }).toEqual({ where, damages: [] });
      mendedCount += wal.recovery.mended.length + scrubbed.mended.length;
      await wal.close();
      const again = await openMirrored(disks, options, 150);
      expect({ where, mended: again.recovery.mended }).toEqual({ where, mended: [] });
      expect({ where, mended: (await again.scrub()).mended }).toEqual({ where, mended: [] });
      expect(await readTexts(again)).toEqual(texts(count));
      await again.close();
    }
    // All that a reader could have met: two copies of three headers, five batches and the seals, and slots.
    expect(mendedCount).toBeGreaterThan(15);
  });
});
