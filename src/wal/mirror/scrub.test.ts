import { describe, expect, test } from 'vitest';
import { appendAll, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import type { WalOptions } from '../options.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { systemTimers } from '../timers.ts';
import { openMirrored, twoDisks } from './fixtures/disks.ts';
import { contentOf, lookTwice } from './fixtures/looks.ts';

const options: WalOptions = { segmentBytes: 4096 };

async function writing(count: number, more: WalOptions = {}) {
  const disks = twoDisks();
  const wal = await openMirrored(disks, { ...options, ...more });
  await appendAll(wal, texts(count));
  return { disks, wal, names: await segmentNames(disks.first) };
}

describe('scrubbing', () => {
  test('mends old segments, the one being written and the manifest, beside a working writer', async () => {
    const { disks, wal, names } = await writing(14);
    const [oldest = '', newest = ''] = [names[0], names.at(-1)];
    disks.second.bytes(oldest).fill(7, 1024, 1124);
    disks.first.bytes(newest).fill(7, 512, 612);
    disks.second.bytes('wal/manifest').fill(7, 0, 256);
    const [report] = await Promise.all([wal.scrub(), appendAll(wal, texts(6, 15))]);
    expect(report).toMatchObject({ isComplete: true, damages: [] });
    expect(report.mended.map(({ file, offset, fault }) => ({ file, offset, fault }))).toEqual([
      { file: 'manifest', offset: 0, fault: 'it is damaged' },
      { file: oldest.slice(4), offset: 1024, fault: 'it is damaged' },
      { file: newest.slice(4), offset: 512, fault: 'it is damaged' },
    ]);
    expect(await disks.second.list('wal')).toContain(`${oldest.slice(4)}@1024+102.quarantine`);
    expect(await wal.scrub()).toMatchObject({ mended: [], damages: [] });
    expect(await readTexts(wal)).toEqual(texts(20));
    await wal.close();
    expect(await contentOf(disks.first)).toEqual(await contentOf(disks.second));
    expect(await lookTwice(disks, options)).toEqual(texts(20));
  });

  test('says what no copy has right, and leaves it alone', async () => {
    const { disks, wal, names } = await writing(14);
    for (const disk of [disks.first, disks.second]) disk.bytes(names[0] ?? '').fill(7, 1024, 1124);
    const damage = expect.stringContaining('at byte 1024, record 2');
    expect(await wal.scrub()).toMatchObject({ mended: [], damages: [damage] });
    await wal.close();
  });

  test('of one copy checks every record', async () => {
    const disk = new MemoryStorage();
    const wal = await openLog(disk, options);
    await appendAll(wal, texts(14));
    expect(await wal.scrub()).toMatchObject({ segments: 3, damages: [], isComplete: true });
    disk.bytes((await segmentNames(disk))[1] ?? '').fill(7, 600, 610);
    expect((await wal.scrub()).damages).toHaveLength(1);
    await wal.close();
  });

  test('goes as fast as it may, and ends when it is told to', async () => {
    const waits: number[] = [];
    const stop = new AbortController();
    const timers = {
      ...systemTimers,
      async delay(us: number) {
        if (waits.push(us) === 4) stop.abort();
      },
    };
    const { wal } = await writing(14, { timers });
    const report = await wal.scrub({ bytesPerSecond: 51_200, signal: stop.signal });
    expect(report).toMatchObject({ isComplete: false, segments: 0 });
    expect(waits).toEqual([10_000, 10_000, 10_000, 10_000]);
    await wal.close();
  });
});

describe('reading', () => {
  test('takes from the second copy what the first has not right, and counts it', async () => {
    const { disks, wal, names } = await writing(14);
    disks.first.bytes(names[0] ?? '').fill(7, 1024, 1124);
    expect(await readTexts(wal)).toEqual(texts(14));
    expect((await wal.read(2))?.lsn).toBe(2);
    expect(wal.stats().fallbacks).toBeGreaterThan(1);
    await wal.close();
  });
});
