import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';

describe('group commit', () => {
  /** A storage whose data barriers wait until they are let go, one by one. */
  function gated() {
    const waiting: (() => void)[] = [];
    let barriers = 0;
    const storage = watch(new MemoryStorage(), (call) => {
      if (!call.startsWith('syncData')) return undefined;
      barriers++;
      return new Promise<void>((resolve) => waiting.push(resolve));
    });
    const release = async () => {
      while (waiting.length === 0) await new Promise(setImmediate);
      waiting.shift()?.();
    };
    return { storage, release, barriers: () => barriers };
  }

  test('all who wait while a commit is in flight share the next one', async () => {
    const { storage, release, barriers } = gated();
    const wal = await openLog(storage, { segmentBytes: 65_536 });
    const first = wal.appendDurable(encode('r1'));
    await release();
    await first;
    const second = wal.appendDurable(encode('r2'));
    while (barriers() < 2) await new Promise(setImmediate);
    const others = texts(64, 3).map((text) => wal.appendDurable(encode(text)));
    const alsoWaiting = [wal.sync(), wal.sync()];
    await release();
    await second;
    await release();
    expect(await Promise.all(others)).toEqual(Array.from({ length: 64 }, (_, index) => index + 3));
    await Promise.all(alsoWaiting);
    expect(barriers()).toBe(3);
    expect(wal.stats()).toMatchObject({ commits: 3, syncs: 3 });
    const closing = wal.close();
    await release();
    await closing;
  });

  test('all who append in one turn of the event loop share one commit', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 65_536 });
    await Promise.all(texts(50).map((text) => wal.appendDurable(encode(text))));
    expect(wal.stats()).toMatchObject({ commits: 1, syncs: 1 });
    await wal.sync();
    expect(wal.stats()).toMatchObject({ commits: 1, syncs: 1 });
    await wal.close();
  });

  test('a promise is made only after the barrier, and never for what came later', async () => {
    const { storage, release } = gated();
    const wal = await openLog(storage, { segmentBytes: 65_536 });
    let isDurable = false;
    const durable = wal.appendDurable(encode('r1')).then(() => {
      isDurable = true;
    });
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(isDurable).toBe(false);
    await wal.append(encode('r2'));
    await release();
    await durable;
    expect(wal.stats()).toMatchObject({ durableLsn: 1, nextLsn: 3 });
    const closing = wal.close();
    await release();
    await release();
    await closing;
  });

  test('append waits while the buffer is full; order and LSNs stay as they were called', async () => {
    const { storage, release, barriers } = gated();
    const wal = await openLog(storage, { segmentBytes: 65_536, bufferBytes: 4096 });
    const kibibyte = (index: number) => new Uint8Array(1012).fill(index);
    const first = wal.appendDurable(kibibyte(1));
    while (barriers() === 0) await new Promise(setImmediate);
    const accepted: number[] = [];
    const appends = Array.from({ length: 12 }, (_, index) =>
      wal.append(kibibyte(index + 2)).then((lsn) => accepted.push(lsn)),
    );
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(accepted).toEqual([2, 3, 4, 5]);
    const synced = wal.sync();
    await release();
    await first;
    await Promise.all(appends);
    expect(accepted).toEqual(Array.from({ length: 12 }, (_, index) => index + 2));
    await release();
    await synced;
    const firstBytes = [];
    for await (const { data } of wal.iterate()) firstBytes.push(data[0]);
    expect(firstBytes).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
    const closing = wal.close();
    await release();
    await closing;
  });

  test('never has more unsynced than unsyncedBytesMax, with nobody asking for durability', async () => {
    const calls: string[] = [];
    const storage = watch(new MemoryStorage(), (call) => {
      if (/^(write|syncData) .*\.wal/.test(call)) calls.push(call);
    });
    const limit = 8192;
    const options = { segmentBytes: 65_536, bufferBytes: 4096, batchBytesMax: 4096, unsyncedBytesMax: limit };
    const wal = await openLog(storage, options);
    for (let index = 0; index < 100; index++) await wal.append(new Uint8Array(1000));
    await wal.close();
    let unsynced = 0;
    for (const call of calls) {
      unsynced = call.startsWith('syncData') ? 0 : unsynced + Number(call.split('+')[1]);
      expect(unsynced).toBeLessThanOrEqual(limit + 512);
    }
    expect(calls.filter((call) => call.startsWith('syncData')).length).toBeGreaterThan(10);
  });
});

describe('a segment that is made ready ahead', () => {
  const withHistory = (calls: string[]) => watch(new MemoryStorage(), (call) => void calls.push(call));

  test('costs the roll one barrier, that of the seal', async () => {
    const calls: string[] = [];
    const wal = await openLog(withHistory(calls), { segmentBytes: 8 * 512, prepareAhead: true });
    await appendAll(wal, texts(6));
    calls.length = 0;
    await appendAll(wal, ['r7']);
    expect(wal.stats().rolls).toBe(1);
    expect(calls.filter((call) => call.startsWith('sync'))).toHaveLength(2);
    await wal.close();
  });

  test('is taken by the next writer', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 8 * 512, prepareAhead: true });
    await appendAll(wal, texts(5));
    await wal.close();
    const ready = await segmentNames(storage);
    expect(ready).toHaveLength(2);
    const again = await openLog(storage, { segmentBytes: 8 * 512, prepareAhead: true }, 50);
    await appendAll(again, ['r6', 'r7']);
    expect(again.stats().rolls).toBe(1);
    expect(await readTexts(again)).toEqual(texts(7));
    expect(await segmentNames(storage)).toEqual(ready);
    await again.close();
  });

  test('without it nothing is written but by a call that waits for it', async () => {
    const calls: string[] = [];
    const wal = await openLog(withHistory(calls));
    for (const text of texts(9)) {
      await wal.appendDurable(encode(text));
      const count = calls.length;
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      expect(calls.length).toBe(count);
    }
    await wal.close();
  });
});
