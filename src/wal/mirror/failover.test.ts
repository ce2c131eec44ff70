import { describe, expect, test } from 'vitest';
import { appendAll, encode, readTexts, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import type { WalOptions } from '../options.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { type Storage, StorageError } from '../storage.ts';
import { mortal, openMirrored, snapshots, twoDisks } from './fixtures/disks.ts';
import { contentOf, lookTwice } from './fixtures/looks.ts';

const options: WalOptions = { segmentBytes: 2048 };
const sides = ['first', 'second'] as const;

/** A disk that refuses every call from its `count`th on, of those that change something or are a barrier. */
function dyingAt(disk: Storage, count: number): Storage {
  let calls = 0;
  return watch(disk, () => {
    if (++calls >= count) throw new StorageError('io', 'the disk is dead', { errno: 'EIO' });
  });
}

describe.each(sides)('when the %s copy dies', (side) => {
  const other = side === 'first' ? 'second' : 'first';

  test('at any call, with failover: every append is answered, and the other copy says so first (I15)', async () => {
    let deaths = 0;
    for (let count = 1; count < 90; count += count < 20 ? 1 : 3) {
      const disks = twoDisks();
      const born = await openMirrored(disks, options);
      await born.close();
      const wal = await openMirrored(
        { ...disks, [side]: dyingAt(disks[side], count) },
        { ...options, failover: true },
        50,
      );
      for (const text of texts(5)) {
        await wal.appendDurable(encode(text));
        // What a power cut would leave now, with the dead disk back again.
        if (!(await disks[other].list('wal')).includes('mirror.behind')) continue;
        const left = snapshots(disks);
        expect(await lookTwice(left, options)).toEqual(texts(Number(text.slice(1))));
        expect(await contentOf(left.first)).toEqual(await contentOf(left.second));
        break;
      }
      const { durableLsn } = wal.stats();
      await wal.close();
      if ((await disks[other].list('wal')).includes('mirror.behind')) deaths++;
      expect(await disks[side].list('wal')).not.toContain('mirror.behind');
      expect(await lookTwice(disks, options)).toEqual(texts(durableLsn));
    }
    expect(deaths).toBeGreaterThan(15);
  });

  test('without failover: the log fails, and nothing was lost', async () => {
    const disks = twoDisks();
    const { storage, die } = mortal(disks[side]);
    const wal = await openMirrored({ ...disks, [side]: storage }, options);
    await appendAll(wal, texts(3));
    die();
    await expect(wal.appendDurable(encode('lost'))).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('the copy in memory:wal'),
    });
    await expect(wal.close()).rejects.toMatchObject({ code: 'failed' });
    expect((await lookTwice(disks, options)).slice(0, 3)).toEqual(texts(3));
  });

  test('before it is opened: it is refused, or goes on alone with failover', async () => {
    const disks = twoDisks();
    const wal = await openMirrored(disks, options);
    await appendAll(wal, texts(3));
    await wal.close();
    const { storage, die } = mortal(disks[side]);
    die();
    const half = { ...disks, [side]: storage };
    await expect(openMirrored(half, options, 50)).rejects.toMatchObject({ code: 'io' });
    const alone = await openMirrored(half, { ...options, failover: true }, 50);
    expect(alone.recovery.warnings).toEqual([expect.stringContaining('is behind from now on')]);
    await appendAll(alone, texts(2, 4));
    await alone.close();
    expect(await lookTwice(disks, options)).toEqual(texts(5));
    expect(await contentOf(disks.first)).toEqual(await contentOf(disks.second));
  });

  test('for writing only, when it is to be mended or made anew: goes on alone with failover', async () => {
    const refuseWrites = (disk: Storage) =>
      watch(disk, (call) => {
        throw new StorageError('read-only', `${call}: it is read-only`, { errno: 'EROFS' });
      });
    const whole = twoDisks();
    const wal = await openMirrored(whole, options);
    await appendAll(wal, texts(4));
    await wal.close();
    for (const lost of ['manifest', (await whole.first.list('wal')).at(-1) ?? '']) {
      const disks = snapshots(whole);
      await disks[side].remove(`wal/${lost}`);
      const half = { ...disks, [side]: refuseWrites(disks[side]) };
      await expect(openMirrored(half, options, 50)).rejects.toMatchObject({ code: 'io' });
      const alone = await openMirrored(half, { ...options, failover: true }, 50);
      expect(alone.recovery.warnings).toEqual([expect.stringContaining('behind from now on')]);
      await appendAll(alone, texts(1, 5));
      await alone.close();
      expect(await lookTwice(disks, options)).toEqual(texts(5));
      expect(await contentOf(disks.first)).toEqual(await contentOf(disks.second));
    }
  });

  test('and is replaced by an empty disk: it is made anew', async () => {
    const disks = twoDisks();
    const wal = await openMirrored(disks, options);
    await appendAll(wal, texts(4));
    await wal.close();
    const replaced = { ...disks, [side]: new MemoryStorage() };
    const opened = await openMirrored(replaced, options, 50);
    expect(opened.recovery.warnings).toEqual([expect.stringContaining('made anew')]);
    await opened.close();
    expect(await lookTwice(replaced, options)).toEqual(texts(4));
    expect(await contentOf(replaced.first)).toEqual(await contentOf(replaced.second));
  });

  test('while both die: the log fails, whatever was asked', async () => {
    const disks = twoDisks();
    const dying = { first: mortal(disks.first), second: mortal(disks.second) };
    const storages = { first: dying.first.storage, second: dying.second.storage };
    const wal = await openMirrored(storages, { ...options, failover: true });
    await appendAll(wal, texts(2));
    dying[side].die();
    await appendAll(wal, texts(1, 3));
    dying[other].die();
    await expect(wal.appendDurable(encode('lost'))).rejects.toMatchObject({ code: 'failed' });
    await expect(wal.close()).rejects.toThrow();
    expect(await lookTwice(disks, options)).toEqual(texts(3));
  });
});

describe('reading back', () => {
  /** A disk that answers well and keeps nothing of what is written to segments, once it begins to lie. */
  function lying(disk: Storage) {
    const state = { lies: false, readBacks: 0 };
    const storage: Storage = {
      ...watch(disk, () => undefined),
      async open(path, mode) {
        const file = await disk.open(path, mode);
        const write: typeof file.write = async (buffers, position) => {
          if (!state.lies || !path.endsWith('.wal')) await file.write(buffers, position);
        };
        return {
          ...file,
          write,
          writeDurably: write,
          async readBack(buffer, position) {
            state.readBacks++;
            return file.readBack(buffer, position);
          },
        };
      },
    };
    return { storage, state };
  }

  test('finds out a disk that lies before anything is acknowledged', async () => {
    for (const failover of [false, true]) {
      const disks = twoDisks();
      const { storage, state } = lying(disks.second);
      const wal = await openMirrored(
        { ...disks, second: storage },
        { ...options, failover, readBack: 'all' },
      );
      await appendAll(wal, texts(1));
      state.lies = true;
      const appended = wal.appendDurable(encode('r2'));
      if (failover) {
        expect(await appended).toBe(2);
        expect(await disks.first.list('wal')).toContain('mirror.behind');
        await wal.close();
        expect(await lookTwice(disks, options)).toEqual(texts(2));
      } else {
        await expect(appended).rejects.toMatchObject({
          code: 'failed',
          message: expect.stringContaining('does not read back'),
        });
        await expect(wal.close()).rejects.toThrow();
      }
    }
  });

  test('of a sample reads about one commit in 16, the same ones for the same seed', async () => {
    const counts: number[] = [];
    for (let run = 0; run < 2; run++) {
      const disks = twoDisks();
      const { storage, state } = lying(disks.first);
      const wal = await openMirrored(
        { ...disks, first: storage },
        { segmentBytes: 1_048_576, readBack: 'sample' },
      );
      for (let lsn = 1; lsn <= 320; lsn++) await wal.appendDurable(encode('r'));
      await wal.close();
      counts.push(state.readBacks);
    }
    expect(counts[0]).toBe(counts[1]);
    expect(counts[0]).toBeGreaterThan(5);
    expect(counts[0]).toBeLessThan(50);
  });

  test('is not done unless asked for', async () => {
    const disks = twoDisks();
    const { storage, state } = lying(disks.first);
    const wal = await openMirrored({ ...disks, first: storage }, options);
    await appendAll(wal, texts(3));
    expect(await readTexts(wal)).toEqual(texts(3));
    expect(state.readBacks).toBe(0);
    await wal.close();
  });
});
