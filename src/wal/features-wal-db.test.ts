import { describe, expect, test } from 'vitest';
import { countReads, findText, rooms } from './fixtures/features.ts';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from './fixtures/log.ts';
import { watch } from './fixtures/watched-storage.ts';
import { viewOf } from './format.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { Wal } from './wal.ts';

/** As features-zig.test.ts. */
describe('from wal-db (Rust)', () => {
  test('open, append, sync, iterate', async () => {
    const wal = await Wal.open({ storage: new MemoryStorage(), directory: 'log' }, rooms);
    const lsn = await wal.append(encode('r1'));
    await wal.sync();
    const shown = [];
    for await (const record of wal.iterate()) shown.push(record.lsn);
    expect(shown).toEqual([lsn]);
    await wal.close();
  });

  test('many concurrent writers, and group commit', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 2 ** 20, bufferBytes: 2 ** 16 });
    const writer = async (name: number) => {
      for (let index = 0; index < 10; index++) await wal.appendDurable(encode(`${name}:${index}`));
    };
    await Promise.all(Array.from({ length: 64 }, (_, name) => writer(name)));
    const shown = await readTexts(wal);
    expect(shown).toHaveLength(640);
    for (let name = 0; name < 64; name++)
      expect(shown.filter((text) => text.startsWith(`${name}:`))).toEqual(
        Array.from({ length: 10 }, (_, index) => `${name}:${index}`),
      );
    expect(wal.stats().syncs).toBeLessThan(64);
    await wal.close();
  });

  test('the LSN is answered at append, before anything is durable', async () => {
    const wal = await openLog(new MemoryStorage(), rooms);
    for (const lsn of [1, 2, 3]) expect(await wal.append(encode('r'))).toBe(lsn);
    expect(wal.stats().durableLsn).toBe(0);
    await wal.close();
  });

  test('lengths are checked before anything is allocated for them', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, rooms);
    await appendAll(wal, ['r1']);
    await wal.close();
    const [bytes] = await findText(storage, 'r1');
    const view = viewOf(bytes);
    view.setUint32(512 + 56, 0xffffffff, true);
    view.setUint32(512 + 60, 0xffffffff, true);
    const longest: number[] = [];
    countReads(storage, (bytes) => {
      longest.push(bytes);
    });
    await expect(openLog(storage, rooms, 50)).rejects.toMatchObject({ code: 'corrupt' });
    expect(Math.max(...longest)).toBeLessThanOrEqual(2 ** 18);
  });

  test('pluggable stores, with a memory store', async () => {
    const calls: string[] = [];
    const storage = new MemoryStorage();
    const mine = watch(storage, (call) => void calls.push(call));
    const wal = await Wal.open({ storage: mine, directory: 'log' }, rooms);
    await appendAll(wal, ['r1']);
    await wal.close();
    expect(calls.length).toBeGreaterThan(5);
    const again = await Wal.open({ storage: storage.snapshot(), directory: 'log' }, rooms);
    expect(await readTexts(again)).toEqual(['r1']);
    await again.close();
  });

  test('a segmented store: one log over many files', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(9));
    expect(await segmentNames(storage)).toHaveLength(5);
    expect(await readTexts(wal, 2, 8)).toEqual(texts(7, 2));
    await wal.close();
  });

  test('typed records', async () => {
    const types = {
      128: {
        encode: (value: unknown) => encode(String(value)),
        decode: (data: Uint8Array) => Number(Buffer.from(data).toString()),
      },
    };
    const wal = await openLog(new MemoryStorage(), { ...rooms, types });
    await wal.appendValue(128, 42);
    await wal.appendJson({ a: 1 });
    await wal.sync();
    const shown = [];
    for await (const record of wal.iterate()) shown.push(wal.decode(record));
    expect(shown).toEqual([42, { a: 1 }]);
    await wal.close();
  });

  test('truncate before and after', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(9));
    await wal.truncateBefore(5);
    await wal.truncateAfter(7);
    expect(await readTexts(wal)).toEqual(texts(3, 5));
    await wal.close();
  });
});
