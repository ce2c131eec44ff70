import { describe, expect, test } from 'vitest';
import { countReads, flipBit, rooms } from './fixtures/features.ts';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from './fixtures/log.ts';
import { segmentHeaderBytes, viewOf } from './format.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { Wal } from './wal.ts';

/** As features-zig.test.ts. */
describe('from a Rust WAL module', () => {
  test('a header with magic, version, checksum and the number of the file', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(3));
    await wal.close();
    const [, second = ''] = await segmentNames(storage);
    const header = storage.bytes(second).subarray(0, segmentHeaderBytes);
    expect(Buffer.from(header.subarray(0, 8)).toString()).toBe('pcutwal1');
    expect([viewOf(header).getUint16(12, true), viewOf(header).getUint32(64, true)]).toEqual([1, 2]);
    flipBit(header, 40);
    await expect(openLog(storage, {}, 50)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('puts and deletes, with key, value and time', async () => {
    const wal = await openLog(new MemoryStorage(), rooms);
    await wal.appendBatch([{ put: 'k', value: encode('v') }, { delete: 'k' }]);
    await wal.sync();
    const shown = [];
    for await (const { type, key, timeMs, data } of wal.iterate())
      shown.push([type, Buffer.from(key ?? []).toString(), timeMs, Buffer.from(data).toString()]);
    expect(shown).toEqual([
      [2, 'k', 1000, 'v'],
      [3, 'k', 1000, ''],
    ]);
    await wal.close();
  });

  test('limits for keys and values', async () => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, batchBytesMax: 4096 });
    const tooLarge = { code: 'too-large' };
    await expect(wal.put(new Uint8Array(2 ** 20 + 1), encode('v'))).rejects.toMatchObject(tooLarge);
    await expect(wal.put('k', new Uint8Array(4096))).rejects.toMatchObject(tooLarge);
    await wal.close();
  });

  test('sync modes: none, normal, full', async () => {
    for (const [sync, syncs] of [
      ['none', 0],
      ['group', 0],
      ['always', 3],
    ] as const) {
      const wal = await openLog(new MemoryStorage(), { ...rooms, sync });
      for (const text of texts(3)) await wal.append(encode(text));
      expect(wal.stats().syncs).toBe(syncs);
      await wal.sync();
      expect(wal.stats().durableLsn).toBe(3);
      await wal.close();
    }
  });

  test('parent directories are made', async () => {
    const storage = new MemoryStorage();
    const wal = await Wal.open({ storage, directory: 'a/b/c' }, rooms);
    expect(await storage.list('a/b/c')).toContain('manifest');
    await wal.close();
  });

  test('a reader with buffer reuse: large steps, not a call a record', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 2 ** 20 });
    await appendAll(wal, texts(200));
    let reads = 0;
    countReads(storage, () => {
      reads++;
    });
    expect(await readTexts(wal)).toEqual(texts(200));
    expect(reads).toBeLessThan(5);
    await wal.close();
  });

  test('metrics of reads and writes, and sync durations', async () => {
    const wal = await openLog(new MemoryStorage(), { metrics: true });
    await appendAll(wal, texts(3));
    await readTexts(wal);
    const { latency, ...metrics } = wal.metrics();
    expect(metrics).toMatchObject({ appends: 3, records: 3, commits: 3, reads: 1 });
    expect([latency?.commit.count, latency?.sync.count]).toEqual([3, 3]);
    await wal.close();
  });

  test('metrics at no cost when unused: the clock is never asked', async () => {
    let asked = 0;
    const clock = () => ++asked;
    const wal = await openLog(new MemoryStorage(), { ...rooms, clock });
    await appendAll(wal, texts(3));
    expect([wal.metrics().latency, asked]).toEqual([undefined, 0]);
    await wal.close();
  });

  test.for(['lz4', 'snappy'] as const)('future work, compression: %s', async (codec) => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, codec });
    await appendAll(wal, ['squeeze '.repeat(3000)]);
    expect(wal.stats().segments).toBe(1);
    expect(await readTexts(wal)).toEqual(['squeeze '.repeat(3000)]);
    await wal.close();
  });

  test('future work, streaming of large values', async () => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, batchBytesMax: 1024 });
    const lsn = await wal.appendStream(texts(2000).map(encode));
    await wal.sync();
    const record = await wal.read(lsn);
    const chunks = [];
    if (record !== undefined) for await (const chunk of wal.readStream(record)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(texts(2000).join(''));
    await wal.close();
  });

  test('future work, parallel readers: forwards and in reverse', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(20));
    const lsns = async (reverse: boolean) => {
      const shown = [];
      for await (const { lsn } of wal.iterate({ reverse })) shown.push(lsn);
      return shown;
    };
    const [forwards, backwards] = await Promise.all([lsns(false), lsns(true)]);
    expect(backwards).toEqual([...forwards].reverse());
    expect(forwards).toHaveLength(20);
    await wal.close();
  });

  test('future work, built-in rotation: a full segment is sealed and the next one begun', async () => {
    const sealed: number[] = [];
    const wal = await openLog(new MemoryStorage(), {
      onSegmentSealed: ({ lastLsn }) => void sealed.push(lastLsn),
    });
    await appendAll(wal, texts(6));
    await wal.close();
    expect(sealed.slice(0, 2)).toEqual([2, 4]);
  });
});
