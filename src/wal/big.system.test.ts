import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hugeRange, hugeText, makeHugeLog, oneTebibyte } from './fixtures/huge-log.ts';
import { encode, readTexts } from './fixtures/log.ts';
import { openFileStorage } from './storage/file-storage.ts';
import { Wal } from './wal.ts';

/** Beyond 32 bits everywhere: sparse segment files of 64 GiB, 1 TiB in all, LSNs above 2^44. */

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-big-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const options = { segmentBytes: 64 * 1024 };
const shape = oneTebibyte;
const [nextLsn] = hugeRange(shape.segments + 1, shape);

function bytesOfSegments(): number {
  const names = readdirSync(directory).filter((name) => name.endsWith('.wal'));
  return names.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

it('opens a log of 1 TiB, finds its records and goes on', { timeout: 30_000 }, async () => {
  await makeHugeLog(openFileStorage(directory), shape);
  expect(bytesOfSegments()).toBeGreaterThan(2 ** 40);

  let wal = await Wal.open(directory, options);
  expect(wal.recovery).toMatchObject({ firstLsn: 1, nextLsn, movedRecords: 0 });
  for (const number of [1, 2, 9, 16]) {
    for (const lsn of hugeRange(number, shape))
      expect(await readTexts(wal, lsn, lsn)).toEqual([hugeText(lsn)]);
  }
  expect(await wal.appendDurable(encode('after all'))).toBe(nextLsn);
  await wal.close();

  wal = await Wal.open(directory, options);
  // From the last record of the last huge segment into the one behind it.
  expect(await readTexts(wal, nextLsn - 1)).toEqual([hugeText(nextLsn - 1), 'after all']);
  await wal.truncateBefore(nextLsn);
  expect(wal.stats().firstLsn).toBe(nextLsn);
  expect(bytesOfSegments()).toBeLessThan(2 ** 20);
  await wal.close();
});

it('does not take a hole for records', { timeout: 30_000 }, async () => {
  await makeHugeLog(openFileStorage(directory), shape);
  await using wal = await Wal.open(directory, options);
  const [, lastLsn] = hugeRange(3, shape);
  await expect(readTexts(wal, lastLsn - 5, lastLsn)).rejects.toMatchObject({ code: 'corrupt' });
});
