import { describe, expect, test } from 'vitest';
import { appendAll, openLog, readTexts, texts } from '../fixtures/log.ts';
import { segmentName } from '../format.ts';
import type { WalOptions } from '../options.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { openMirrored, snapshots, twoDisks } from './fixtures/disks.ts';
import { contentOf, lookTwice } from './fixtures/looks.ts';

const options: WalOptions = { segmentBytes: 2048 };

async function mirrored(count: number) {
  const disks = twoDisks();
  const wal = await openMirrored(disks, options);
  await appendAll(wal, texts(count));
  await wal.close();
  return disks;
}

describe('a log that has a mirror', () => {
  test('holds the same bytes twice', async () => {
    const { first, second } = await mirrored(5);
    expect(Object.keys(await contentOf(first)).length).toBeGreaterThan(3);
    expect(await contentOf(first)).toEqual(await contentOf(second));
  });

  test('is not written without it, unless that is asked for; then the mirror is made anew', async () => {
    const disks = await mirrored(3);
    for (const side of ['first', 'second'] as const) {
      const copy = snapshots(disks);
      const refused = { code: 'invalid', message: expect.stringContaining("'missing'") };
      await expect(openLog(copy[side], options, 50)).rejects.toMatchObject(refused);
      expect(await copy[side].list('wal')).toEqual(await disks[side].list('wal'));
      const alone = await openLog(copy[side], { ...options, mirror: 'missing' }, 50);
      expect(alone.recovery.warnings).toEqual([expect.stringContaining('without its mirror')]);
      await appendAll(alone, texts(2, 4));
      await alone.close();
      const again = await openMirrored(copy, options, 100);
      expect(again.recovery.warnings).toEqual([expect.stringContaining('made anew')]);
      expect(await readTexts(again)).toEqual(texts(5));
      await again.close();
      expect(await contentOf(copy.first)).toEqual(await contentOf(copy.second));
      expect(await copy[side].list('wal')).not.toContain('mirror.behind');
    }
  });

  test('is refused if each copy was written without the other', async () => {
    const disks = await mirrored(3);
    for (const side of ['first', 'second'] as const) {
      const alone = await openLog(disks[side], { ...options, mirror: 'missing' }, 50);
      await appendAll(alone, [side]);
      await alone.close();
    }
    const before = snapshots(disks);
    const refused = { code: 'corrupt', message: expect.stringContaining('mirror.behind') };
    await expect(openMirrored(disks, options, 100)).rejects.toMatchObject(refused);
    expect(await contentOf(disks.first)).toEqual(await contentOf(before.first));
    expect(await contentOf(disks.second)).toEqual(await contentOf(before.second));
  });

  test('that a crash and a lost write left half made is made again; not if it ever had a segment', async () => {
    const { first, second } = twoDisks();
    const damaged = async (disk: typeof first) => {
      await disk.makeDirectory('wal');
      const file = await disk.open('wal/manifest', 'create');
      await file.write([new Uint8Array(16_640)], 0);
      await file.close();
    };
    for (const side of [first, second]) {
      const disks = snapshots({ first, second });
      await damaged(side === first ? disks.first : disks.second);
      const wal = await openMirrored(disks, options);
      await appendAll(wal, texts(2));
      await wal.close();
      expect(await contentOf(disks.first)).toEqual(await contentOf(disks.second));
    }
    await damaged(second);
    await (await second.open(`wal/${segmentName(1, 1)}`, 'create')).close();
    const names = await second.list('wal');
    await expect(openMirrored({ first, second }, options)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await second.list('wal')).toEqual(names);
  });

  test('is refused with the mirror of another log, and nothing is changed', async () => {
    const { first } = await mirrored(3);
    const { second } = twoDisks();
    const other = await openLog(second, options, 70);
    await appendAll(other, ['theirs']);
    await other.close();
    const before = await contentOf(second);
    await expect(openMirrored({ first, second }, options, 100)).rejects.toMatchObject({ code: 'invalid' });
    expect(await contentOf(second)).toEqual(before);
  });

  test('is not taken to have ended too soon by damage in one copy, however far behind its end that is', async () => {
    const tight = { segmentBytes: 16 * 512, batchBytesMax: 1024, unsyncedBytesMax: 2048 };
    for (const side of ['first', 'second'] as const) {
      const disks = twoDisks();
      const wal = await openMirrored(disks, tight);
      await appendAll(wal, texts(2));
      const killed = snapshots(disks);
      const [name = ''] = (await killed[side].list('wal')).filter((each) => each.endsWith('.wal'));
      killed[side].bytes(`wal/${name}`).fill(7, 12 * 512);
      expect(await lookTwice(killed, tight)).toEqual(texts(2));
      for (const disk of [killed.first, killed.second]) expect(await disk.list('wal')).toContain('manifest');
      await wal.close();
    }
  });

  test('is refused where neither copy has what one of them promises, and nothing is changed', async () => {
    for (const side of ['first', 'second'] as const) {
      const other = side === 'first' ? 'second' : 'first';
      const disks = twoDisks();
      const wal = await openMirrored(disks, { segmentBytes: 8192 });
      await appendAll(wal, texts(4));
      const killed = snapshots(disks);
      await wal.close();
      const [name = ''] = (await killed.first.list('wal')).filter((each) => each.endsWith('.wal'));
      // One disk lost all writes since the first, the other only the second: its third promises what was before.
      killed[side].bytes(`wal/${name}`).fill(0, 2 * 512);
      killed[other].bytes(`wal/${name}`).fill(0, 2 * 512, 3 * 512);
      const before = snapshots(killed);
      const refused = { code: 'corrupt', report: { row: 'promised', nextLsn: 2 } };
      await expect(openMirrored(killed, options, 50)).rejects.toMatchObject(refused);
      expect(await contentOf(killed.first)).toEqual(await contentOf(before.first));
      expect(await contentOf(killed.second)).toEqual(await contentOf(before.second));
    }
  });

  test('keeps other writers out of both places', async () => {
    const disks = await mirrored(1);
    const wal = await openMirrored(disks, options, 50);
    for (const side of ['first', 'second'] as const)
      await expect(openLog(disks[side], options, 100)).rejects.toMatchObject({ code: 'locked' });
    await wal.close();
    expect(await lookTwice(disks, options)).toEqual(texts(1));
  });

  test('is warned of on one device', async () => {
    const disks = twoDisks();
    for (const disk of [disks.first, disks.second]) Object.assign(disk, { deviceOf: async () => 'sda' });
    const wal = await openMirrored(disks, options);
    expect(wal.recovery.warnings).toEqual([expect.stringContaining('one device')]);
    await wal.close();
  });
});

describe('a log that had none', () => {
  test('gets one, and is written to both from then on', async () => {
    const first = new MemoryStorage();
    const alone = await openLog(first, options);
    await appendAll(alone, texts(5));
    await alone.close();
    const disks = { first, second: new MemoryStorage() };
    const wal = await openMirrored(disks, options, 50);
    expect(wal.recovery.warnings).toEqual([expect.stringContaining('made anew')]);
    await appendAll(wal, texts(2, 6));
    await wal.close();
    expect(await contentOf(disks.first)).toEqual(await contentOf(disks.second));
    await expect(openLog(first, options, 100)).rejects.toMatchObject({ code: 'invalid' });
    expect(await lookTwice(disks, options)).toEqual(texts(7));
  });
});
