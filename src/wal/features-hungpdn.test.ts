import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import { findText, flipBit, rooms } from './fixtures/features.ts';
import { appendAll, encode, openLog, readTexts, texts } from './fixtures/log.ts';
import { watch } from './fixtures/watched-storage.ts';
import { prometheusText } from './metrics/prometheus.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { Wal } from './wal.ts';

/** As features-zig.test.ts. Benchmarks are in bench/wal, documentation in docs. */
describe('from hungpdn/wal (Go)', () => {
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

  test('CRC-32C: what is damaged is not shown', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, rooms);
    await appendAll(wal, texts(3));
    const [bytes, at] = await findText(storage, 'r2');
    flipBit(bytes, at);
    await expect(readTexts(wal)).rejects.toMatchObject({ code: 'corrupt' });
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

  test('a reader beside a writer in another process', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    const reader = await Wal.openReader({ storage, directory: 'wal' }, { show: 'written' });
    await appendAll(wal, texts(9));
    const shown = [];
    for await (const { lsn } of reader.iterate()) shown.push(lsn);
    expect(shown).toEqual(texts(9).map((_, index) => index + 1));
    await wal.close();
  });

  test('roadmap, metrics: what a collector asks for', async () => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, metrics: true });
    await appendAll(wal, texts(3));
    expect(await prometheusText(wal)).toMatch(/^\w+_records\w* 3$/m);
    await wal.close();
  });

  test('roadmap, log levels: each kind of event is a channel of its own, free while nobody listens', async () => {
    const heard: string[] = [];
    const names = ['recovery', 'roll', 'commit', 'sync', 'failed'].map((name) => `powercut:wal:${name}`);
    const listen = (_: unknown, name: string | symbol) => void heard.push(String(name));
    for (const name of names) subscribe(name, listen);
    const wal = await openLog(new MemoryStorage(), rooms);
    await appendAll(wal, ['r1']);
    for (const name of names) unsubscribe(name, listen);
    await appendAll(wal, ['r2']);
    expect(heard).toEqual(names.slice(0, 4));
    await wal.close();
  });

  test('roadmap, retention: by size, with a hook to upload', async () => {
    const archived: string[] = [];
    const wal = await openLog(new MemoryStorage(), {
      retention: { maxBytes: 2048 },
      onSegmentSealed: ({ file }) => void archived.push(file),
    });
    await appendAll(wal, texts(9));
    await wal.applyRetention();
    expect([archived.length, wal.stats().segments]).toEqual([4, 1]);
    await wal.close();
  });

  test('roadmap, retention: by age', async () => {
    let now = 1000;
    const retention = { maxAgeMs: 60_000 };
    const wal = await openLog(new MemoryStorage(), { retention, now: () => now });
    await appendAll(wal, texts(5));
    now += 120_000;
    await appendAll(wal, ['r6']);
    await wal.applyRetention();
    expect(wal.stats().firstLsn).toBeGreaterThan(4);
    await wal.close();
  });

  test('roadmap, index: one record is found without reading what is before it', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 16 * 512 });
    await appendAll(wal, texts(40));
    expect(Buffer.from((await wal.read(33))?.data ?? []).toString()).toBe('r33');
    await wal.close();
  });

  test('roadmap, replication: what an engine needs for it, a reader that follows', async () => {
    const [wal, replica] = [await openLog(new MemoryStorage()), await openLog(new MemoryStorage(), {}, 50)];
    const records = wal.tail();
    for (const text of texts(7)) {
      await appendAll(wal, [text]);
      const { value } = await records.next();
      expect(await replica.appendDurable(value?.data ?? encode(''))).toBe(value?.lsn);
    }
    expect(await readTexts(replica)).toEqual(texts(7));
    await records.return?.();
    for (const log of [wal, replica]) await log.close();
  });
});
