import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { StorageError } from '../storage.ts';
import { Latency } from './latency.ts';
import { prometheusText, walCollector } from './prometheus.ts';

describe('metrics', () => {
  test('count what was done', async () => {
    const wal = await openLog(new MemoryStorage());
    await wal.appendBatch([encode('a'), encode('bc')]);
    await wal.sync();
    await appendAll(wal, texts(4));
    await readTexts(wal);
    expect(wal.metrics()).toEqual({
      appends: 5,
      records: 6,
      recordBytes: 6 * 12 + 3 + 4 * 2,
      writtenBytes: 5 * 512,
      commits: 5,
      syncs: 7,
      rolls: 2,
      segments: 3,
      reads: 1,
      mended: 0,
      fallbacks: 0,
      failures: 0,
      firstLsn: 1,
      nextLsn: 7,
      durableLsn: 6,
      waitingAppends: 0,
      waitingSyncs: 0,
    });
    await wal.close();
  });

  test('with the option, time commits and what callers wait for them by the clock that is given', async () => {
    let now = 0;
    const storage = watch(new MemoryStorage(), (call) => {
      if (call.startsWith('syncData')) now += 8;
    });
    const wal = await openLog(storage, { metrics: true, clock: () => now, segmentBytes: 65_536 });
    await Promise.all(texts(3).map((text) => wal.appendDurable(encode(text))));
    await appendAll(wal, ['r4']);
    const { commit, sync } = wal.metrics().latency ?? {};
    expect([commit?.count, commit?.sumMs, sync?.count, sync?.sumMs]).toEqual([2, 16, 4, 32]);
    expect(sync?.p50Ms).toBeCloseTo(8, 1);
    expect(sync?.maxMs).toBeCloseTo(8, 1);
    await wal.close();
  });

  test('show who waits, and the failure', async () => {
    let isBroken = false;
    const storage = watch(new MemoryStorage(), (call) => {
      if (isBroken && call.startsWith('syncData')) throw new StorageError('io', 'the disk is gone');
    });
    const wal = await openLog(storage);
    await appendAll(wal, ['r1']);
    isBroken = true;
    const waiting = Promise.allSettled(texts(3).map((text) => wal.appendDurable(encode(text))));
    await Promise.resolve();
    await Promise.resolve();
    expect(wal.metrics().waitingSyncs).toBe(3);
    await waiting;
    await wal.append(encode('x')).catch(() => undefined);
    expect(wal.metrics()).toMatchObject({ failures: 1, waitingSyncs: 0 });
    await wal.close().catch(() => undefined);
  });
});

describe('a latency', () => {
  test('is summed and has percentiles; without values all are 0', () => {
    const latency = new Latency();
    expect(latency.summary()).toMatchObject({ count: 0, maxMs: 0, p99Ms: 0 });
    for (let ms = 1; ms <= 100; ms++) latency.record(ms);
    const { count, sumMs, p50Ms, p99Ms, maxMs } = latency.summary();
    expect([count, sumMs]).toEqual([100, 5050]);
    for (const [found, expected] of [
      [p50Ms, 50],
      [p99Ms, 99],
      [maxMs, 100],
    ] as const)
      expect(Math.abs(found - expected) / expected).toBeLessThan(0.01);
    latency.record(0);
    expect(latency.summary().count).toBe(101);
  });
});

describe('for Prometheus', () => {
  test('each figure has its type, its labels and its value at the time of the scrape', async () => {
    const wal = await openLog(new MemoryStorage(), { metrics: true });
    const registry = await walCollector(wal, { labels: { log: 'orders' } });
    expect(await registry.metrics()).toContain('powercut_wal_records_total{log="orders"} 0');
    await appendAll(wal, texts(5));
    const text = await registry.metrics();
    for (const line of [
      '# TYPE powercut_wal_records_total counter',
      'powercut_wal_records_total{log="orders"} 5',
      '# TYPE powercut_wal_durable_lsn gauge',
      'powercut_wal_durable_lsn{log="orders"} 5',
      'powercut_wal_commit_seconds_count{log="orders"} 5',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toMatch(/powercut_wal_sync_seconds\{log="orders",quantile="0.99"\} \d/);
    await wal.close();
  });

  test('without the option there are no latencies', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(1));
    const text = await prometheusText(wal);
    expect(text).toContain('powercut_wal_commits_total 1');
    expect(text).not.toContain('seconds');
    await wal.close();
  });
});

describe('channels', () => {
  const names = ['commit', 'sync', 'roll', 'sealed', 'recovery', 'scrub', 'failed'];
  const told: { name: string; message: object }[] = [];
  const listeners = names.map((name) => ({
    channel: `powercut:wal:${name}`,
    listener: (message: unknown) => void told.push({ name, message: message as object }),
  }));

  afterEach(() => {
    for (const { channel, listener } of listeners) unsubscribe(channel, listener);
    told.length = 0;
  });

  test('tell their subscribers what happens, in order', async () => {
    for (const { channel, listener } of listeners) subscribe(channel, listener);
    let isBroken = false;
    const storage = watch(new MemoryStorage(), (call) => {
      if (isBroken && call.startsWith('syncData')) throw new StorageError('io', 'the disk is gone');
    });
    const wal = await openLog(storage);
    await appendAll(wal, texts(3));
    await wal.scrub();
    isBroken = true;
    await wal.appendDurable(encode('r4')).catch(() => undefined);
    await wal.close().catch(() => undefined);
    expect(told.map(({ name }) => name)).toEqual([
      'recovery',
      ...['roll', 'commit', 'sync', 'commit', 'sync'],
      ...['sync', 'sealed', 'roll', 'commit', 'sync'],
      ...['scrub', 'failed'],
    ]);
    expect(told[2]?.message).toEqual({
      log: 'memory:wal',
      records: 1,
      lastLsn: 1,
      bytes: 512,
      isDurable: true,
    });
    expect(told.find(({ name }) => name === 'sealed')?.message).toMatchObject({ number: 1, lastLsn: 2 });
    expect(told.at(-1)?.message).toMatchObject({ error: { code: 'failed' } });
  });

  test('make no message without a subscriber', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(3));
    await wal.close();
    expect(told).toEqual([]);
  });
});
