import { describe, expect, test } from 'vitest';
import { encode, openLog, readTexts, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { StorageError } from '../storage.ts';
import type { Timers } from '../timers.ts';

const segmentBytes = 65_536;

function handTimers() {
  const callbacks = new Map<() => void, number>();
  const delays: { us: number; pass: () => void }[] = [];
  const timers: Timers = {
    every(ms, callback) {
      callbacks.set(callback, ms);
      return () => callbacks.delete(callback);
    },
    delay: (us) => new Promise((pass) => delays.push({ us, pass })),
  };
  const tick = () => [...callbacks.keys()].forEach((callback) => void callback());
  return { timers, callbacks, delays, tick };
}

function watched() {
  const disk = new MemoryStorage();
  const calls: string[] = [];
  const storage = watch(disk, (call) => {
    if (/^(write|syncData) .*\.wal/.test(call)) calls.push(call.split(' ')[0] ?? '');
  });
  return { disk, storage, calls };
}

const turns = async (count = 10) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
};

describe('strategy', () => {
  test('group: nothing is written or synced before somebody asks', async () => {
    const { storage, calls } = watched();
    const wal = await openLog(storage, { segmentBytes });
    await wal.append(encode('r1'));
    await turns();
    expect(calls).toEqual([]);
    await wal.sync();
    expect(calls).toEqual(['write', 'syncData']);
    await wal.close();
  });

  test('always: an append that was answered is durable, and those at once share a barrier', async () => {
    const { storage, calls } = watched();
    const wal = await openLog(storage, { segmentBytes, sync: 'always' });
    await wal.append(encode('r1'));
    expect(wal.stats().durableLsn).toBe(1);
    calls.length = 0;
    await Promise.all([
      wal.put('k', encode('v')),
      wal.appendBatch(texts(3).map(encode)),
      wal.appendStream([]),
    ]);
    expect(wal.stats().durableLsn).toBe(6);
    expect(calls.filter((call) => call === 'syncData').length).toBeLessThanOrEqual(2);
    await wal.close();
  });

  test('none: an append goes to the operating system by itself, and is not durable before a sync', async () => {
    const { disk, storage, calls } = watched();
    const wal = await openLog(storage, { segmentBytes, sync: 'none' });
    for (const text of texts(3)) await wal.append(encode(text));
    await turns();
    expect(calls).toEqual(['write']);
    expect(wal.stats().durableLsn).toBe(0);
    const again = await openLog(disk.snapshot(), {}, 50);
    expect(await readTexts(again)).toEqual(texts(3));
    await again.close();
    await wal.sync();
    expect(calls).toEqual(['write', 'syncData']);
    expect(wal.stats().durableLsn).toBe(3);
    await wal.close();
  });

  test('everyMs: a barrier a tick, if there is something for it, and none after the end', async () => {
    const { storage, calls } = watched();
    const { timers, callbacks, tick } = handTimers();
    const wal = await openLog(storage, { segmentBytes, sync: { everyMs: 50 }, timers });
    expect([...callbacks.values()]).toEqual([50]);
    await wal.append(encode('r1'));
    await turns();
    expect(calls).toEqual([]);
    tick();
    await turns();
    expect(wal.stats().durableLsn).toBe(1);
    calls.length = 0;
    tick();
    await turns();
    expect(calls).toEqual([]);
    await wal.close();
    expect(callbacks.size).toBe(0);
  });

  test('everyMs: a barrier that fails is the failure of the log', async () => {
    const { timers, tick } = handTimers();
    const storage = watch(new MemoryStorage(), (call) => {
      if (/^syncData .*\.wal/.test(call)) throw new StorageError('io', 'planned');
    });
    const wal = await openLog(storage, { segmentBytes, sync: { everyMs: 50 }, timers });
    await wal.append(encode('r1'));
    tick();
    await turns();
    await expect(wal.append(encode('r2'))).rejects.toMatchObject({ code: 'failed', cause: { code: 'io' } });
    await expect(wal.close()).rejects.toMatchObject({ code: 'failed' });
  });

  test.for([['often'], [{ everyMs: 0 }], [{ everyMs: 1.5 }], [{}]])('%j is refused', async ([sync]) => {
    const opening = openLog(new MemoryStorage(), { sync: sync as never });
    await expect(opening).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('sync'),
    });
  });
});

describe('groupDelayUs', () => {
  test('lets others join a commit', async () => {
    const { timers, delays } = handTimers();
    const wal = await openLog(new MemoryStorage(), { segmentBytes, groupDelayUs: 300, timers });
    const first = wal.appendDurable(encode('r1'));
    await turns();
    expect(delays.map(({ us }) => us)).toEqual([300]);
    const second = wal.appendDurable(encode('r2'));
    await turns();
    expect(wal.stats().durableLsn).toBe(0);
    delays.shift()?.pass();
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    expect(wal.stats()).toMatchObject({ commits: 1, syncs: 1 });
    await wal.close();
  });

  test('does not hold up a buffer that is full', async () => {
    const { timers, delays } = handTimers();
    const options = { segmentBytes, groupDelayUs: 300, bufferBytes: 4096, timers };
    const wal = await openLog(new MemoryStorage(), options);
    const waiting = wal.appendDurable(encode('r1'));
    await turns();
    expect(delays).toHaveLength(1);
    await Promise.all(Array.from({ length: 8 }, () => wal.append(new Uint8Array(3000))));
    await waiting;
    const closing = wal.close();
    await turns();
    for (const { pass } of delays) pass();
    await closing;
  });
});
