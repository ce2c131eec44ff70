import { describe, expect, test } from 'vitest';
import type { IterateOptions } from '../calls.ts';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import type { Wal } from '../wal.ts';

const ranges = [
  [1, 60],
  [7, 7],
  [13, 41],
  [29, 29],
  [60, 60],
  [14, 1000],
  [0, 3],
] as const;

async function lsnsOf(wal: Wal, options: IterateOptions): Promise<number[]> {
  const lsns: number[] = [];
  for await (const { lsn } of wal.iterate(options)) lsns.push(lsn);
  return lsns;
}

/** Sixty records over sealed segments and one that is being written, some in batches of their own, some not. */
async function sixty(wal: Wal): Promise<void> {
  await appendAll(wal, texts(20));
  await wal.appendBatch(texts(15, 21).map(encode));
  await appendAll(wal, texts(25, 36));
}

describe('in reverse', () => {
  test.for([16 * 512, 8 * 512, 512 * 512])(
    'iterates any range, in segments of %i bytes',
    async (segmentBytes) => {
      const storage = new MemoryStorage();
      const wal = await openLog(storage, { segmentBytes });
      await sixty(wal);
      const killed = await openLog(storage.snapshot(), { segmentBytes }, 50);
      for (const open of [wal, killed])
        for (const [from, to] of ranges) {
          const forwards = await lsnsOf(open, { from, to });
          expect(forwards.length).toBe(Math.min(to, 60) - Math.max(from, 1) + 1);
          expect(await lsnsOf(open, { from, to, reverse: true })).toEqual(forwards.reverse());
        }
      expect(await lsnsOf(wal, { from: 9, to: 8, reverse: true })).toEqual([]);
      await wal.close();
      await killed.close();
    },
  );

  test('reads spans of a long segment, with its seal and without', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 2 ** 21, bufferBytes: 2 ** 16 });
    for (let index = 0; index < 200; index++) await wal.appendDurable(new Uint8Array(15_000).fill(index));
    expect(wal.stats().segments).toBe(2);
    const expected = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(await lsnsOf(wal, { reverse: true })).toEqual(expected);
    await wal.close();
  });

  test('finds all damage that it comes by', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 16 * 512 });
    await sixty(wal);
    const names = await segmentNames(storage);
    for (const [index, name] of names.entries()) {
      const bytes = storage.bytes(name);
      const written = index === names.length - 1 ? 3 : 15;
      for (let block = 1; block < written; block++) {
        const kept = bytes.slice(512 * block, 512 * block + 512);
        bytes.fill(0xee, 512 * block, 512 * block + 512);
        await expect(lsnsOf(wal, { reverse: true })).rejects.toMatchObject({ code: 'corrupt' });
        bytes.set(kept, 512 * block);
      }
    }
    expect(await lsnsOf(wal, { reverse: true })).toHaveLength(60);
    await wal.close();
  });
});

describe('seek', () => {
  test('goes to a record of the range, forwards and back, whatever was read before', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 16 * 512 });
    await sixty(wal);
    const records = wal.iterate({ from: 5, to: 50 });
    for (const [lsn, shown] of [
      [30, 30],
      [24, 24],
      [50, 50],
      [51, undefined],
      [1, 5],
      [25, 25],
      [26, 26],
    ]) {
      await records.seek(lsn ?? 0);
      expect((await records.next()).value?.lsn).toBe(shown);
    }
    expect((await records.next()).value?.lsn).toBe(27);
    const back = wal.iterate({ from: 5, to: 50, reverse: true });
    for (const [lsn, shown] of [
      [30, 30],
      [99, 50],
      [4, undefined],
      [24, 24],
    ]) {
      await back.seek(lsn ?? 0);
      expect((await back.next()).value?.lsn).toBe(shown);
    }
    expect((await back.next()).value?.lsn).toBe(23);
    await wal.close();
  });

  test('closes the file that was being read', async () => {
    const storage = new MemoryStorage();
    let open = 0;
    const counted = watch(storage, () => undefined);
    const wal = await openLog({
      ...counted,
      async open(path, mode) {
        const file = await counted.open(path, mode);
        if (mode === 'read') open++;
        return {
          ...file,
          close: async () => {
            if (mode === 'read') open--;
            await file.close();
          },
        };
      },
    });
    await appendAll(wal, texts(10));
    const records = wal.iterate();
    await records.next();
    expect(open).toBe(1);
    await records.seek(3);
    expect(open).toBe(0);
    await records.next();
    await records.return();
    expect((await records.next()).done).toBe(true);
    expect(open).toBe(0);
    await wal.read(4);
    expect(open).toBe(0);
    await wal.close();
  });
});

describe('read', () => {
  test('answers one record, and undefined for what is not there', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 16 * 512 });
    await sixty(wal);
    await wal.append(encode('not durable'));
    for (const lsn of [1, 14, 15, 22, 35, 60])
      expect(Buffer.from((await wal.read(lsn))?.data ?? []).toString()).toBe(`r${lsn}`);
    await wal.truncateBefore(30);
    const { firstLsn } = wal.stats();
    for (const lsn of [0, -1, firstLsn - 1, 61, 62, 1.5]) expect(await wal.read(lsn)).toBeUndefined();
    expect((await wal.read(firstLsn))?.lsn).toBe(firstLsn);
    await wal.close();
  });

  test('does not read the segment from its beginning', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 2 ** 21, bufferBytes: 2 ** 16 });
    for (let index = 0; index < 150; index++) await wal.appendDurable(new Uint8Array(15_000));
    let bytes = 0;
    const { open } = storage;
    storage.open = async (path, mode) => {
      const file = await open.call(storage, path, mode);
      const read: typeof file.read = async (buffer, position) => {
        bytes += buffer.length;
        return file.read(buffer, position);
      };
      return { ...file, read };
    };
    expect((await wal.read(100))?.lsn).toBe(100);
    expect(bytes).toBeLessThan(2 ** 19);
    await wal.close();
  });
});

describe('many readers', () => {
  test('read at once, beside a writer', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 16 * 512 });
    await appendAll(wal, texts(30));
    const writing = appendAll(wal, texts(30, 31));
    const shown = await Promise.all(Array.from({ length: 8 }, () => readTexts(wal, 1, 30)));
    for (const each of shown) expect(each).toEqual(texts(30));
    await writing;
    expect(await readTexts(wal)).toEqual(texts(60));
    await wal.close();
  });

  test('finish or are told when the log is truncated meanwhile', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 8 * 512 });
    await appendAll(wal, texts(40));
    const readers = [wal.iterate(), wal.iterate(), wal.iterate({ reverse: true })];
    for (const reader of readers) await reader.next();
    await wal.truncateAfter(20);
    await wal.truncateBefore(10);
    for (const reader of readers) {
      const outcome = await (async () => {
        for await (const record of reader) void record;
      })().catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: 'truncated', message: expect.stringContaining('truncated') });
    }
    await wal.close();
  });

  test('a segment file that is gone without that is not taken for a truncation', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(9));
    await storage.remove((await segmentNames(storage))[1] ?? '');
    await expect(readTexts(wal)).rejects.toMatchObject({ code: 'io' });
    await wal.close();
  });
});
