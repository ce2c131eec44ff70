import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { encode, openLog, readTexts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import type { LogRecord } from '../record.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import type { Wal } from '../wal.ts';

const options = { segmentBytes: 64 * 512, batchBytesMax: 2048, bufferBytes: 4096 };

async function bytesOfStream(wal: Wal, record: LogRecord): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of wal.readStream(record)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function recordsOf(wal: Wal): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const record of wal.iterate()) records.push(record);
  return records;
}

/** Bytes that tell their position. */
const bytesOf = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 31) ^ (index >> 8));

function* inChunks(bytes: Uint8Array, chunkBytes: number) {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

describe('a stream', () => {
  property.prop([fc.nat({ max: 20_000 }), fc.integer({ min: 1, max: 5000 }), fc.boolean()], { numRuns: 40 })(
    'comes back whole, whatever its length and its chunks',
    async (length, chunkBytes, isHashed) => {
      const wal = await openLog(new MemoryStorage(), { ...options, contentHash: isHashed, codec: 'lz4' });
      const bytes = bytesOf(length);
      await wal.append(encode('before'));
      const lsn = await wal.appendStream(inChunks(bytes, chunkBytes), { type: 200 });
      await wal.append(encode('behind'));
      await wal.sync();
      const [before, stream, behind] = await recordsOf(wal);
      expect([before?.lsn, stream?.lsn, behind?.lsn]).toEqual([1, lsn, lsn + 1]);
      expect(stream).toMatchObject({ type: 200, streamFrom: 2 });
      if (stream !== undefined) expect(Buffer.compare(await bytesOfStream(wal, stream), bytes)).toBe(0);
      expect(await wal.verify()).toEqual([]);
      await wal.close();
    },
  );

  test('is shown under its last part alone, also in reverse and by LSN', async () => {
    const wal = await openLog(new MemoryStorage(), options);
    const lsn = await wal.appendStream(inChunks(bytesOf(9000), 700));
    await wal.sync();
    expect(lsn).toBe(5);
    const reversed = [];
    for await (const record of wal.iterate({ reverse: true })) reversed.push(record.lsn);
    expect(reversed).toEqual([5]);
    expect(await wal.read(4)).toBeUndefined();
    expect((await wal.read(5))?.streamFrom).toBe(1);
    expect(await readTexts(wal, 1, 4)).toEqual([]);
    await wal.close();
  });

  test('may be interleaved with others and with other streams', async () => {
    const wal = await openLog(new MemoryStorage(), options);
    const sources = [bytesOf(9000), bytesOf(7000).reverse(), bytesOf(5000)];
    const others = async () => {
      for (let index = 0; index < 10; index++) await wal.append(encode(`other ${index}`));
    };
    const [a, b, c] = await Promise.all([
      ...sources.map((bytes) => wal.appendStream(inChunks(bytes, 500))),
      others(),
    ]);
    await wal.sync();
    for (const [index, lsn] of [a, b, c].entries()) {
      const record = await wal.read(Number(lsn));
      if (record === undefined) throw new Error('the stream is not shown');
      expect(Buffer.compare(await bytesOfStream(wal, record), sources[index] ?? bytesOf(0))).toBe(0);
    }
    expect(await recordsOf(wal)).toHaveLength(13);
    await wal.close();
  });

  test('as a put has its key and one time', async () => {
    const wal = await openLog(new MemoryStorage(), options);
    const lsn = await wal.appendStream(inChunks(bytesOf(6000), 6000), { key: 'big' });
    await wal.sync();
    const record = await wal.read(lsn);
    expect(record).toMatchObject({ type: 2, timeMs: 1000, key: new Uint8Array(encode('big')) });
    await wal.close();
  });

  test('whose source throws, or that is cut short, was never appended', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, options);
    const failing = function* () {
      yield bytesOf(5000);
      throw new Error('the source is gone');
    };
    await expect(wal.appendStream(failing())).rejects.toThrow('the source is gone');
    await expect(wal.appendStream(['text'] as never)).rejects.toMatchObject({ code: 'invalid' });
    await wal.append(encode('behind'));
    await wal.sync();
    expect(await readTexts(wal)).toEqual(['behind']);
    const again = await openLog(storage.snapshot(), {}, 50);
    expect(await readTexts(again)).toEqual(['behind']);
    for (const open of [wal, again]) await open.close();
  });

  test('that is being appended while the log is cut or closed is refused', async () => {
    const wal = await openLog(new MemoryStorage(), options);
    const cutting = async function* () {
      yield bytesOf(5000);
      await wal.truncateAfter(1);
      yield bytesOf(5000);
    };
    await expect(wal.appendStream(cutting())).rejects.toMatchObject({ code: 'truncated' });
    const closing = async function* () {
      yield bytesOf(5000);
      await wal.close();
      yield bytesOf(5000);
    };
    await expect(wal.appendStream(closing())).rejects.toMatchObject({ code: 'closed' });
  });

  test('without its first part is not shown, and its last is not read as the whole', async () => {
    const wal = await openLog(new MemoryStorage(), { ...options, segmentBytes: 8 * 512 });
    const lsn = await wal.appendStream(inChunks(bytesOf(9000), 9000));
    await wal.append(encode('behind'));
    await wal.sync();
    const record = await wal.read(lsn);
    await wal.truncateBefore(lsn);
    expect(wal.stats().firstLsn).toBeGreaterThan(1);
    expect(await readTexts(wal)).toEqual(['behind']);
    if (record === undefined) throw new Error('the stream is not shown');
    await expect(bytesOfStream(wal, record)).rejects.toMatchObject({ code: 'truncated' });
    await wal.close();
  });

  test('needs room for one part, not for its length', async () => {
    let longest = 0;
    const storage = watch(new MemoryStorage(), (call) => {
      longest = Math.max(longest, Number(/^write .*\.wal \d+\+(\d+)/.exec(call)?.[1] ?? 0));
    });
    const wal = await openLog(storage, {
      segmentBytes: 2 ** 22,
      bufferBytes: 65_536,
      batchBytesMax: 2 ** 20,
    });
    const pulled: number[] = [];
    const source = async function* () {
      for (let index = 0; index < 160; index++) {
        pulled.push(wal.stats().nextLsn);
        yield new Uint8Array(16_384).fill(index);
      }
    };
    const lsn = await wal.appendStream(source());
    await wal.sync();
    expect(longest).toBeLessThan(2 ** 19);
    expect(pulled.at(-1)).toBeGreaterThan(5);
    const record = await wal.read(lsn);
    if (record === undefined) throw new Error('the stream is not shown');
    let length = 0;
    for await (const chunk of wal.readStream(record)) length += chunk.length;
    expect(length).toBe(160 * 16_384);
    await wal.close();
  });

  test('with a key that leaves no room is too large', async () => {
    const wal = await openLog(new MemoryStorage(), options);
    const key = new Uint8Array(2048);
    await expect(wal.appendStream([], { key })).rejects.toMatchObject({ code: 'too-large' });
    await expect(wal.appendStream([], { type: 2 })).rejects.toMatchObject({ code: 'invalid' });
    await wal.close();
  });
});
