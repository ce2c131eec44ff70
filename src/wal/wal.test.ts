import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from './fixtures/log.ts';
import { watch } from './fixtures/watched-storage.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { StorageError } from './storage.ts';
import { Wal } from './wal.ts';

describe('a log', () => {
  test('gives dense LSNs from 1, shows what is durable, and shows it again when it is opened again', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    expect(wal.recovery).toMatchObject({ tail: 'created', firstLsn: 1, nextLsn: 1, segments: 0 });
    expect(await wal.append(encode('r1'))).toBe(1);
    expect(await readTexts(wal)).toEqual([]);
    await wal.sync();
    expect(await readTexts(wal)).toEqual(['r1']);
    expect(await wal.appendDurable(encode('r2'))).toBe(2);
    expect(await wal.appendBatch([encode('r3'), encode('r4')])).toEqual([3, 4]);
    expect(await wal.appendBatch([])).toEqual([]);
    await wal.close();
    const again = await openLog(storage, {}, 50);
    expect(again.recovery).toMatchObject({ tail: 'clean', nextLsn: 5, movedRecords: 0 });
    expect(await readTexts(again)).toEqual(texts(4));
    expect(await again.appendDurable(encode('r5'))).toBe(5);
    expect(await readTexts(again)).toEqual(texts(5));
    expect(await again.verify()).toEqual([]);
    await again.close();
  });

  test('keeps payload and type of each record, empty ones too', async () => {
    const wal = await openLog(new MemoryStorage());
    await wal.append(new Uint8Array(0));
    await wal.append(Buffer.from('buffer'), { type: 200 });
    await wal.sync();
    const records = [];
    for await (const record of wal.iterate()) records.push(record);
    expect(records.map(({ lsn, type, data }) => [lsn, type, Buffer.from(data).toString()])).toEqual([
      [1, 1, ''],
      [2, 200, 'buffer'],
    ]);
    await wal.close();
  });

  test('iterates any range, over segments, with and without the index of a seal', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 16 * 512 });
    await appendAll(wal, texts(60));
    expect(wal.stats()).toMatchObject({ segments: 5, durableLsn: 60, rolls: 4 });
    for (const [from, to] of [
      [1, 60],
      [7, 7],
      [13, 41],
      [29, 29],
      [60, 60],
      [14, 1000],
      [0, 3],
    ] as const) {
      const last = Math.min(to, 60);
      const first = Math.max(from, 1);
      expect(await readTexts(wal, from, to)).toEqual(texts(last - first + 1, first));
    }
    expect(await readTexts(wal, 61)).toEqual([]);
    expect(await readTexts(wal, 9, 8)).toEqual([]);
    await wal.close();
  });

  test('an iteration shows what was durable when it began, while others append and roll', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(5));
    const seen: string[] = [];
    for await (const { data } of wal.iterate()) {
      seen.push(Buffer.from(data).toString());
      await appendAll(wal, ['later']);
    }
    expect(seen).toEqual(texts(5));
    expect(await readTexts(wal)).toHaveLength(10);
    await wal.close();
  });

  test('settings are on disk: other options at the next open change only what is written from then on (I11)', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await wal.appendDurable(new Uint8Array(3000).fill(1));
    await appendAll(wal, ['small']);
    await wal.close();
    const other = { blockBytes: 4096, segmentBytes: 65_536, batchBytesMax: 1024 };
    const again = await openLog(storage, other, 50);
    expect(again.recovery).toMatchObject({ tail: 'clean', nextLsn: 3 });
    await appendAll(again, ['r3']);
    const unclean = storage.snapshot();
    await again.close();
    for (const left of [storage, unclean]) {
      const third = await openLog(left, {}, 90);
      expect((await readTexts(third)).map((text) => text.length)).toEqual([3000, 5, 2]);
      await third.close();
    }
  });

  test('what is unsure and longer than the new limits is moved all the same', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await wal.appendDurable(new Uint8Array(3000).fill(1));
    const killed = storage.snapshot();
    const again = await openLog(killed, { batchBytesMax: 1024 }, 50);
    expect(again.recovery).toMatchObject({ movedRecords: 1 });
    const third = await openLog(killed.snapshot(), {}, 90);
    expect((await readTexts(third)).map((text) => text.length)).toEqual([3000]);
    for (const open of [wal, again, third]) await open.close();
  });

  test('a record larger than a segment gets a larger segment', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { prepareAhead: true });
    await appendAll(wal, ['r1']);
    await wal.appendDurable(new Uint8Array(10_000).fill(65));
    await appendAll(wal, ['r3']);
    expect((await readTexts(wal)).map((text) => text.length)).toEqual([2, 10_000, 2]);
    const again = await openLog(storage.snapshot(), {}, 50);
    expect((await readTexts(again)).map((text) => text.length)).toEqual([2, 10_000, 2]);
    await wal.close();
    await again.close();
  });

  test('clean reopening goes on in the same segment, and takes no new one', async () => {
    const storage = new MemoryStorage();
    for (let round = 0; round < 5; round++) {
      const wal = await openLog(storage, { segmentBytes: 32 * 512 }, 10 * round + 1);
      await appendAll(wal, [`r${round + 1}`]);
      await wal.close();
    }
    expect(await segmentNames(storage)).toHaveLength(1);
    const last = await openLog(storage, { segmentBytes: 32 * 512 }, 90);
    expect(await readTexts(last)).toEqual(texts(5));
    const before = storage.bytes((await segmentNames(storage))[0] ?? '').slice();
    await last.close();
    expect(storage.bytes((await segmentNames(storage))[0] ?? '')).toEqual(before);
  });

  test('does not pile up segments, however often it is killed and opened', async () => {
    let storage = new MemoryStorage();
    for (let round = 0; round < 20; round++) {
      const wal = await openLog(storage, { prepareAhead: true, segmentBytes: 8192 }, 10 * round + 1);
      if (round % 5 === 0) await appendAll(wal, [`r${round / 5 + 1}`]);
      expect(await readTexts(wal)).toEqual(texts(Math.floor(round / 5) + 1));
      storage = storage.snapshot();
    }
    // One for each writer that appended, and one that is ready.
    expect((await segmentNames(storage)).length).toBeLessThanOrEqual(5);
  });

  test('lets go of old segments, and never of a record that is wanted', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(9));
    await wal.truncateBefore(1);
    expect(wal.stats().firstLsn).toBe(1);
    await wal.truncateBefore(6);
    expect(wal.stats().firstLsn).toBe(5);
    expect(await readTexts(wal)).toEqual(texts(5, 5));
    expect(await segmentNames(storage)).toHaveLength(3);
    await wal.truncateBefore(100);
    expect(await readTexts(wal)).toEqual(['r9']);
    const unclean = storage.snapshot();
    await wal.close();
    for (const left of [storage, unclean]) {
      const again = await openLog(left, {}, 50);
      expect(again.recovery).toMatchObject({ firstLsn: 9, nextLsn: 10 });
      expect(await readTexts(again)).toEqual(['r9']);
      expect(await again.appendDurable(encode('r10'))).toBe(10);
      await again.close();
    }
  });

  test('may have the root of its storage as its directory', async () => {
    const storage = new MemoryStorage();
    for (let round = 0; round < 2; round++) {
      const wal = await Wal.open({ storage, directory: '' }, { segmentBytes: 65_536 });
      await appendAll(wal, [`r${round + 1}`]);
      expect(await readTexts(wal)).toEqual(texts(round + 1));
      await wal.close();
    }
    expect(await storage.list('')).toContain('manifest');
  });

  test('can be disposed of, closed twice, and refuses everything after', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await wal.append(encode('r1'));
    await wal[Symbol.asyncDispose]();
    await wal.close();
    const closed = { code: 'closed' };
    await expect(wal.append(encode('x'))).rejects.toMatchObject(closed);
    await expect(wal.sync()).rejects.toMatchObject(closed);
    await expect(wal.truncateBefore(1)).rejects.toMatchObject(closed);
    await expect(readTexts(wal)).rejects.toMatchObject(closed);
    const again = await openLog(storage, {}, 50);
    expect(await readTexts(again)).toEqual(['r1']);
    await again.close();
  });
});

describe('arguments', () => {
  test.for<[string, object]>([
    ['blockBytes', { blockBytes: 1000 }],
    ['blockBytes', { blockBytes: 256 }],
    ['segmentBytes', { segmentBytes: 1536 }],
    ['segmentBytes', { segmentBytes: 2049 }],
    ['batchBytesMax', { batchBytesMax: 10 }],
    ['bufferBytes', { bufferBytes: 1 }],
    ['unsyncedBytesMax', { unsyncedBytesMax: 512 }],
    ['knownDurableLsn', { knownDurableLsn: -1 }],
    ['policy', { policy: 'hope' }],
    ['segmentbytes', { segmentbytes: 4096 }],
  ])('option %s is checked', async ([name, options]) => {
    const opening = openLog(new MemoryStorage(), options);
    await expect(opening).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(name) });
  });

  test('of append are checked, and a refused one takes no LSN', async () => {
    const wal = await openLog(new MemoryStorage(), { batchBytesMax: 1024 });
    const tooLarge = { code: 'too-large' };
    await expect(wal.append(new Uint8Array(1013))).rejects.toMatchObject(tooLarge);
    await expect(wal.appendBatch([new Uint8Array(500), new Uint8Array(501)])).rejects.toMatchObject(tooLarge);
    for (const type of [0, 2, 127, 256, 1.5])
      await expect(wal.append(encode('x'), { type })).rejects.toMatchObject({ code: 'invalid' });
    await expect(wal.append('text' as never)).rejects.toMatchObject({ code: 'invalid' });
    expect(await wal.append(new Uint8Array(1012))).toBe(1);
    await wal.close();
  });

  test('a second writer is locked out until the first has closed', async () => {
    const storage = new MemoryStorage();
    const first = await openLog(storage);
    await expect(openLog(storage)).rejects.toMatchObject({ code: 'locked' });
    await first.close();
    await (await openLog(storage, {}, 50)).close();
  });

  test('a directory that was there needs no access to its parent; one that is made does', async () => {
    for (const isThere of [true, false]) {
      const disk = new MemoryStorage();
      if (isThere) await disk.makeDirectory('wal');
      const storage = watch(disk, (call) => {
        if (call === 'syncDirectory ') throw new StorageError('unsupported', 'it may not be read');
      });
      const opened = await openLog(storage).catch((error: unknown) => error);
      if (isThere) expect(opened).toBeInstanceOf(Wal);
      else expect(opened).toMatchObject({ code: 'unsupported' });
    }
  });

  test('a log that could not be opened is not left locked', async () => {
    const storage = new MemoryStorage();
    await (await openLog(storage)).close();
    storage.bytes('wal/manifest').fill(0);
    for (let round = 0; round < 2; round++)
      await expect(openLog(storage)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
