import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { StorageError } from '../storage.ts';

const options = { segmentBytes: 8 * 512 };

describe('truncateAfter', () => {
  test('ends the log behind any record, for good, and goes on there', async () => {
    for (let lsn = 0; lsn <= 25; lsn++) {
      const storage = new MemoryStorage();
      const wal = await openLog(storage, options);
      await appendAll(wal, texts(9));
      await wal.appendBatch(texts(7, 10).map(encode));
      await appendAll(wal, texts(8, 17));
      await wal.truncateAfter(lsn);
      const left = Math.min(lsn, 24);
      expect(wal.stats()).toMatchObject({ durableLsn: left, nextLsn: left + 1 });
      expect(await readTexts(wal)).toEqual(texts(left));
      const killed = storage.snapshot();
      expect(await wal.appendDurable(encode('new'))).toBe(left + 1);
      expect(await wal.verify()).toEqual([]);
      await wal.close();
      for (const [disk, expected] of [
        [storage, [...texts(left), 'new']],
        [killed, texts(left)],
      ] as const) {
        const again = await openLog(disk, options, 90);
        expect(await readTexts(again)).toEqual(expected);
        expect(await again.verify()).toEqual([]);
        await again.close();
      }
    }
  });

  test('lets go of the segments behind, and of nothing else', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, options);
    await appendAll(wal, texts(40));
    const before = await segmentNames(storage);
    const kept = before.slice(0, 2).map((name) => storage.bytes(name).slice());
    await wal.truncateAfter(9);
    const after = await segmentNames(storage);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after).toHaveLength(3);
    expect(before).not.toContain(after[2]);
    for (const [index, bytes] of kept.entries()) expect(storage.bytes(before[index] ?? '')).toEqual(bytes);
    await wal.close();
  });

  test('over and over, with truncateBefore in between, leaves a sound log', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, options);
    let expected: string[] = [];
    for (let round = 1; round <= 12; round++) {
      const added = Array.from({ length: 7 }, (_, index) => `${round}.${index}`);
      await appendAll(wal, added);
      expected.push(...added);
      const { firstLsn, nextLsn } = wal.stats();
      const lsn = Math.max(firstLsn - 1, nextLsn - 1 - ((round * 5) % 9));
      const [, cut] = await Promise.all([wal.truncateBefore(lsn - 10), wal.truncateAfter(lsn)]);
      expect(cut).toBeUndefined();
      expected = expected.slice(0, lsn);
      const from = wal.stats().firstLsn;
      expect(await readTexts(wal)).toEqual(expected.slice(from - 1));
    }
    expect(wal.stats().firstLsn).toBeGreaterThan(1);
    await wal.close();
    const again = await openLog(storage, options, 200);
    expect(again.recovery).toMatchObject({ tail: 'clean' });
    expect(await readTexts(again)).toEqual(expected.slice(again.stats().firstLsn - 1));
    await again.close();
  });

  test('what is appended meanwhile comes behind the cut, in order', async () => {
    const wal = await openLog(new MemoryStorage(), { ...options, bufferBytes: 4096 });
    await appendAll(wal, texts(10));
    const before = [wal.append(encode('before 1')), wal.append(encode('before 2'))];
    const cut = wal.truncateAfter(6);
    await new Promise(setImmediate);
    const meanwhile = [wal.append(encode('a')), wal.appendDurable(encode('b')), wal.append(encode('c'))];
    const synced = wal.sync();
    expect(await Promise.all(before)).toEqual([11, 12]);
    await cut;
    expect(await Promise.all(meanwhile)).toEqual([7, 8, 9]);
    await synced;
    expect(await readTexts(wal)).toEqual([...texts(6), 'a', 'b', 'c']);
    await wal.close();
  });

  test('refuses what is not an LSN to end behind, and does nothing where there is nothing to do', async () => {
    const calls: string[] = [];
    const wal = await openLog(
      watch(new MemoryStorage(), (call) => void calls.push(call)),
      options,
    );
    await appendAll(wal, texts(20));
    await wal.truncateBefore(12);
    const { firstLsn } = wal.stats();
    for (const lsn of [-1, 1.5, firstLsn - 2])
      await expect(wal.truncateAfter(lsn)).rejects.toMatchObject({ code: 'invalid' });
    calls.length = 0;
    await wal.truncateAfter(20);
    await wal.truncateAfter(1000);
    expect(calls).toEqual([]);
    await wal.truncateAfter(firstLsn - 1);
    expect(wal.stats()).toMatchObject({ firstLsn, nextLsn: firstLsn, durableLsn: firstLsn - 1 });
    await appendAll(wal, ['new']);
    expect(await readTexts(wal)).toEqual(['new']);
    await wal.close();
  });

  test.for([
    ['write', 0],
    ['syncData', 0],
    ['syncData', 1],
    ['remove', 0],
    ['syncDirectory', 1],
  ] as const)(
    'that the disk refuses at %s %i fails the log, and loses nothing that stays',
    async ([call, nth]) => {
      const disk = new MemoryStorage();
      let left = Number.POSITIVE_INFINITY;
      const storage = watch(disk, (made) => {
        if (made.startsWith(call) && left-- === 0) throw new StorageError('io', `planned: ${made}`);
      });
      const wal = await openLog(storage, options);
      await appendAll(wal, texts(9));
      await wal.appendBatch(texts(7, 10).map(encode));
      await appendAll(wal, texts(10, 17));
      left = nth;
      const waiting = wal.truncateAfter(12);
      await expect(waiting).rejects.toMatchObject({ code: 'failed' });
      await expect(wal.append(encode('x'))).rejects.toMatchObject({ code: 'failed' });
      const again = await openLog(disk.snapshot(), options, 90);
      const shown = await readTexts(again);
      expect([12, 26]).toContain(shown.length);
      expect(shown).toEqual(texts(shown.length));
      await again.close();
      await wal.close().catch(() => undefined);
    },
  );
});
