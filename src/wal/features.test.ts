import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from './fixtures/log.ts';
import { watch } from './fixtures/watched-storage.ts';
import { segmentHeaderBytes, viewOf } from './format.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { StorageError } from './storage.ts';
import { Wal } from './wal.ts';

/** What five other logs offer, or plan to, feature by feature. What is special about each is tested where it is built. */

const rooms = { segmentBytes: 64 * 512 };

function flipBit(bytes: Uint8Array, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}

/** Where a text stands in the first segment. */
async function findText(storage: MemoryStorage, text: string): Promise<[bytes: Uint8Array, at: number]> {
  const bytes = storage.bytes((await segmentNames(storage))[0] ?? '');
  return [bytes, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text)];
}

describe('a log in Zig on io_uring', () => {
  test('CRC-32C on every record', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, rooms);
    await appendAll(wal, ['one', 'two', 'three']);
    const [bytes, at] = await findText(storage, 'two');
    flipBit(bytes, at);
    expect(await wal.verify()).toEqual([expect.stringMatching(/record 2: damaged/)]);
    await wal.close();
  });

  test('pending operations are tracked: each is answered, with success or the failure', async () => {
    let isBroken = false;
    const storage = watch(new MemoryStorage(), (call) => {
      if (isBroken && call.startsWith('write')) throw new StorageError('io', 'planned');
    });
    const wal = await openLog(storage, { ...rooms, bufferBytes: 4096 });
    isBroken = true;
    const pending = [
      ...Array.from({ length: 9 }, () => wal.appendDurable(new Uint8Array(2000))),
      wal.sync(),
      wal.truncateAfter(1),
    ];
    for (const { status } of await Promise.allSettled(pending)) expect(status).toBe('rejected');
    await wal.close().catch(() => undefined);
  });
});

describe('a log in Go with background sync', () => {
  test('buffered I/O: appends reach the disk together', async () => {
    const writes: string[] = [];
    const storage = watch(new MemoryStorage(), (call) => {
      if (/^write .*\.wal/.test(call)) writes.push(call);
    });
    const wal = await openLog(storage, rooms);
    for (const text of texts(50)) await wal.append(encode(text));
    expect(writes).toEqual([]);
    await wal.sync();
    expect(writes).toHaveLength(1);
    await wal.close();
  });

  test('sequence ids: dense, and answered at once', async () => {
    const wal = await openLog(new MemoryStorage(), rooms);
    expect(await Promise.all(texts(5).map((text) => wal.append(encode(text))))).toEqual([1, 2, 3, 4, 5]);
    await wal.close();
  });

  test('segments, with rotation', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(9));
    expect(wal.stats()).toMatchObject({ segments: 5, rolls: 4 });
    expect(await readTexts(wal)).toEqual(texts(9));
    await wal.close();
  });

  test('sync strategies: always, in the background, by the operating system', async () => {
    for (const [sync, durableLsn] of [
      ['always', 1],
      [{ everyMs: 1 }, 1],
      ['none', 0],
    ] as const) {
      const wal = await openLog(new MemoryStorage(), { ...rooms, sync });
      await wal.append(encode('r1'));
      if (typeof sync === 'object') await expect.poll(() => wal.stats().durableLsn).toBe(1);
      expect(wal.stats().durableLsn).toBe(durableLsn);
      await wal.close();
    }
  });

  test('an iterator, with seek', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(9));
    const records = wal.iterate();
    await records.seek(7);
    expect((await records.next()).value).toMatchObject({ lsn: 7 });
    await wal.close();
  });

  test('repair on open: what a crash tore is left out', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, rooms);
    await appendAll(wal, texts(3));
    const killed = storage.snapshot();
    const [bytes, at] = await findText(killed, 'r3');
    flipBit(bytes, at);
    const again = await openLog(killed, rooms, 50);
    expect(again.recovery).toMatchObject({ tail: 'torn', nextLsn: 3 });
    expect(await readTexts(again)).toEqual(texts(2));
    for (const open of [wal, again]) await open.close();
  });

  test('many readers beside a writer', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(9));
    const readers = Array.from({ length: 5 }, () => readTexts(wal, 1, 9));
    await appendAll(wal, ['r10']);
    for (const shown of await Promise.all(readers)) expect(shown).toEqual(texts(9));
    await wal.close();
  });

  test('an index: one record is found without reading what is before it', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 16 * 512 });
    await appendAll(wal, texts(40));
    expect(Buffer.from((await wal.read(33))?.data ?? []).toString()).toBe('r33');
    await wal.close();
  });
});

describe('a log in Rust with pluggable stores', () => {
  test('open, append, sync, iterate', async () => {
    const wal = await Wal.open({ storage: new MemoryStorage(), directory: 'log' }, rooms);
    const lsn = await wal.append(encode('r1'));
    await wal.sync();
    const shown = [];
    for await (const record of wal.iterate()) shown.push(record.lsn);
    expect(shown).toEqual([lsn]);
    await wal.close();
  });

  test('many concurrent writers, whose commits are grouped', async () => {
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
    const { open } = storage;
    storage.open = async (path, mode) => {
      const file = await open.call(storage, path, mode);
      return {
        ...file,
        read: (buffer: Uint8Array, position: number) => {
          longest.push(buffer.length);
          return file.read(buffer, position);
        },
      };
    };
    await expect(openLog(storage, rooms, 50)).rejects.toMatchObject({ code: 'corrupt' });
    expect(Math.max(...longest)).toBeLessThanOrEqual(2 ** 18);
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

describe('a log in Rust for an event store', () => {
  test('BLAKE3 beside CRC-32C', async () => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, contentHash: true });
    await appendAll(wal, texts(2));
    expect(await wal.verify()).toEqual([]);
    expect(await readTexts(wal)).toEqual(texts(2));
    await wal.close();
  });

  test('durability by the call, and a guard that leaves nothing behind', async () => {
    const storage = new MemoryStorage();
    {
      await using wal = await openLog(storage, rooms);
      expect(await wal.append(encode('r1'))).toBeGreaterThan(wal.stats().durableLsn);
      expect(await wal.appendDurable(encode('r2'))).toBe(wal.stats().durableLsn);
      await wal.append(encode('r3'));
    }
    const again = await openLog(storage, rooms, 50);
    expect(await readTexts(again)).toEqual(texts(3));
    await again.close();
  });

  test('one address over all segments', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(30));
    for (const lsn of [1, 2, 3, 17, 29, 30]) expect((await wal.read(lsn))?.lsn).toBe(lsn);
    await wal.close();
  });

  test('a recovery report', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, rooms);
    await appendAll(wal, texts(2));
    const again = await openLog(storage.snapshot(), rooms, 50);
    expect(again.recovery).toMatchObject({ tail: 'end', firstLsn: 1, nextLsn: 3, movedRecords: 1 });
    for (const open of [wal, again]) await open.close();
  });

  test('damage is refused with its place, or set aside and never deleted', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(9));
    await wal.close();
    const [bytes, at] = await findText(storage, 'r2');
    flipBit(bytes, at);
    const open = await openLog(storage, {}, 50);
    await expect(readTexts(open)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/byte \d+/),
    });
    await open.close();
    const cut = await openLog(storage, { policy: 'point-in-time' }, 90);
    expect(await readTexts(cut)).toEqual(['r1']);
    expect(cut.recovery.quarantined).not.toEqual([]);
    for (const name of cut.recovery.quarantined)
      expect(await storage.list('wal')).toContain(name.split('/').at(-1));
    await cut.close();
  });
});

describe('a WAL module in Rust', () => {
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

  test('parent directories are made', async () => {
    const storage = new MemoryStorage();
    const wal = await Wal.open({ storage, directory: 'a/b/c' }, rooms);
    expect(await storage.list('a/b/c')).toContain('manifest');
    await wal.close();
  });

  test('a reader that reads in large steps, not a call a record', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 2 ** 20 });
    await appendAll(wal, texts(200));
    let reads = 0;
    const { open } = storage;
    storage.open = async (path, mode) => {
      const file = await open.call(storage, path, mode);
      return {
        ...file,
        read: (buffer: Uint8Array, position: number) => {
          reads++;
          return file.read(buffer, position);
        },
      };
    };
    expect(await readTexts(wal)).toEqual(texts(200));
    expect(reads).toBeLessThan(5);
    await wal.close();
  });

  test.for(['lz4', 'snappy'] as const)('compression: %s', async (codec) => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, codec });
    await appendAll(wal, ['squeeze '.repeat(3000)]);
    expect(wal.stats().segments).toBe(1);
    expect(await readTexts(wal)).toEqual(['squeeze '.repeat(3000)]);
    await wal.close();
  });

  test('values longer than a batch, as streams', async () => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, batchBytesMax: 1024 });
    const lsn = await wal.appendStream(texts(2000).map(encode));
    await wal.sync();
    const record = await wal.read(lsn);
    const chunks = [];
    if (record !== undefined) for await (const chunk of wal.readStream(record)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(texts(2000).join(''));
    await wal.close();
  });

  test('parallel readers, forwards and in reverse', async () => {
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
});
