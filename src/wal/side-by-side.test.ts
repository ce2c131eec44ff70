import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from './fixtures/log.ts';
import { watch } from './fixtures/watched-storage.ts';
import { openMirrored, twoDisks } from './mirror/fixtures/disks.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { type Storage, StorageError } from './storage.ts';
import { systemTimers } from './timers.ts';
import { Wal } from './wal.ts';

/* Calls that go on at the same time, and none of which may harm, or wait for ever for, another. */

/** All that is ready to run has run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A storage that tells which files are opened and closed. */
function watchOpen(
  disk: Storage,
  { onOpen, onClose }: { readonly onOpen?: (path: string) => void; readonly onClose: (path: string) => void },
): Storage {
  const plain = watch(disk, () => undefined);
  return {
    ...plain,
    async open(path, mode) {
      const file = await plain.open(path, mode);
      onOpen?.(path);
      return {
        ...file,
        async close() {
          await file.close();
          onClose(path);
        },
      };
    },
  };
}

describe('syncs', () => {
  test('may ask for less than one that came before', async () => {
    const wal = await Wal.open({ storage: new MemoryStorage(), directory: 'wal' });
    const big = new Uint8Array(600 * 1024);
    // The second one does not fit beside the first, and the sync that covers both asks before the first one does.
    const asked = [wal.appendDurable(big), wal.append(big), wal.sync()];
    expect(await Promise.all(asked)).toEqual([1, 2, undefined]);
    expect(wal.stats().durableLsn).toBe(2);
    await wal.close();
  });
});

describe('cursors', () => {
  test('are made side by side', async () => {
    const storage = new MemoryStorage();
    const first = await openLog(storage);
    await first.cursor('fast');
    await first.cursor('slow');
    await first.close();
    // Nothing was appended, so the log is made anew, and each cursor with the first thing that it keeps.
    const wal = await openLog(storage, { segmentBytes: 65_536 }, 50);
    const [fast, slow] = [await wal.cursor('fast'), await wal.cursor('slow')];
    await appendAll(wal, texts(20));
    await Promise.all([slow.advance(2), fast.advance(20)]);
    const after = storage.snapshot();
    await wal.close();
    const again = await openLog(after, {}, 90);
    expect([(await again.cursor('fast')).lsn, (await again.cursor('slow')).lsn]).toEqual([20, 2]);
    await again.close();
  });

  test('that are removed are not brought back by a cut, and may be asked for at once', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(6));
    const old = await wal.cursor('mail');
    await old.advance(6);
    const [, fresh] = await Promise.all([old.remove(), wal.cursor('mail'), wal.truncateAfter(3)]);
    expect(fresh).not.toBe(old);
    expect(fresh.lsn).toBe(0);
    await fresh.remove();
    await Promise.all([wal.truncateAfter(2), settled()]);
    expect((await storage.list('wal')).filter((name) => name.startsWith('cursor'))).toEqual([]);
    await wal.close();
  });
});

/** Time that passes when it is told to. */
function stoppedTime() {
  const waiting: (() => void)[] = [];
  const timers = {
    ...systemTimers,
    delay: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
  const pass = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { timers, pass };
}

describe('a scrub', () => {
  test('takes no growth of the log for damage', async () => {
    const { timers, pass } = stoppedTime();
    const wal = await openLog(new MemoryStorage(), { timers });
    await appendAll(wal, texts(7));
    let isOver = false;
    const scrubbing = wal.scrub({ bytesPerSecond: 1 }).finally(() => {
      isOver = true;
    });
    await appendAll(wal, texts(6, 8));
    while (!isOver) {
      pass();
      await settled();
    }
    expect((await scrubbing).damages).toEqual([]);
    await wal.close();
  });

  test('ends when the log is closed, and mends nothing in the hands of the next writer', async () => {
    const disks = twoDisks();
    const { timers } = stoppedTime();
    const wal = await openMirrored(disks, { timers, segmentBytes: 65_536 });
    await appendAll(wal, texts(3));
    const scrubbing = wal.scrub({ bytesPerSecond: 1 });
    await settled();
    await wal.close();
    expect(await scrubbing).toMatchObject({ isComplete: false, mended: [] });
  });
});

describe('letting go of segments', () => {
  const slowArchive = () => {
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    return { onSegmentSealed: () => answered, answer };
  };

  test('spares what was appended behind a cut that came meanwhile', async () => {
    const { onSegmentSealed, answer } = slowArchive();
    const wal = await openLog(new MemoryStorage(), { onSegmentSealed });
    await appendAll(wal, texts(20));
    const truncating = wal.truncateBefore(15);
    await settled();
    await wal.truncateAfter(6);
    await appendAll(wal, ['new7', 'new8', 'new9']);
    answer();
    await truncating;
    expect(await readTexts(wal)).toEqual(expect.arrayContaining(['new7', 'new8', 'new9']));
    await wal.close();
  });

  test('says so where the log was closed before', async () => {
    const { onSegmentSealed, answer } = slowArchive();
    const wal = await openLog(new MemoryStorage(), { onSegmentSealed });
    await appendAll(wal, texts(20));
    const truncating = wal.truncateBefore(15).catch((error: unknown) => error);
    await settled();
    await wal.close();
    answer();
    expect(await truncating).toMatchObject({ code: 'closed' });
  });

  test('is no damage for a verification or a reader around damage', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(20));
    const reading = wal.iterate({ damage: 'skip' });
    await reading.next();
    const [damages] = await Promise.all([wal.verify(), wal.truncateBefore(15)]);
    expect(damages).toEqual([]);
    const readOn = async () => {
      for await (const item of reading) void item;
    };
    await expect(readOn()).rejects.toMatchObject({ code: 'truncated' });
    await wal.close();
  });
});

describe('a cut', () => {
  test('that meets damage is refused, and the log goes on', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 65_536 });
    await appendAll(wal, texts(6));
    const [name = ''] = await segmentNames(storage);
    storage.bytes(name).fill(7, 600, 610);
    await expect(wal.truncateAfter(3)).rejects.toMatchObject({ code: 'corrupt' });
    await wal.appendDurable(encode('r7'));
    expect(wal.stats()).toMatchObject({ durableLsn: 7, nextLsn: 8 });
    await wal.close();
  });
});

describe('closing', () => {
  test('lets go of everything though a file cannot be closed', async () => {
    const disk = new MemoryStorage();
    const storage = watchOpen(disk, {
      onClose(path) {
        if (path.endsWith('.wal')) throw new StorageError('io', 'close: EIO');
      },
    });
    const wal = await openLog(storage);
    await appendAll(wal, texts(1));
    const tail = wal.tail({ from: 2 });
    const waiting = tail.next();
    await expect(wal.close()).rejects.toMatchObject({ name: 'WalError', code: 'io' });
    expect(await waiting).toMatchObject({ done: true });
    const again = await openLog(disk, {}, 50);
    expect(await readTexts(again)).toEqual(texts(1));
    await again.close();
  });

  test('leaves no cursor open where its own last commit rolls', async () => {
    const disk = new MemoryStorage();
    const before = await openLog(disk);
    await appendAll(before, texts(3));
    await before.cursor('mail');
    await before.close();
    let open = 0;
    const storage = watchOpen(disk, {
      onOpen(path) {
        if (path.startsWith('wal/cursor')) open++;
      },
      onClose(path) {
        if (path.startsWith('wal/cursor')) open--;
      },
    });
    const wal = await openLog(storage, { retention: { cursors: true } }, 50);
    for (let count = 0; count < 6; count++) await wal.append(new Uint8Array(900));
    await wal.close();
    await settled();
    expect(open).toBe(0);
  });
});

describe('a number that is none', () => {
  test('is no LSN', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(3));
    for (const lsn of [Number.NaN, undefined as unknown as number]) {
      await expect(wal.read(lsn)).rejects.toMatchObject({ code: 'invalid' });
      await expect(wal.truncateBefore(lsn)).rejects.toMatchObject({ code: 'invalid' });
    }
    expect(() => wal.iterate({ from: Number.NaN })).toThrow('expected an LSN');
    await expect(wal.scrub({ bytesPerSecond: -1 })).rejects.toMatchObject({ code: 'invalid' });
    await wal.close();
  });
});
