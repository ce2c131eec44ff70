import { describe, expect, test } from 'vitest';
import type { ChainSegment } from '../chain.ts';
import { appendAll, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import type { SealedSegment } from '../metrics/channels.ts';
import type { WalOptions } from '../options.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { countToLetGo } from './limits.ts';

/** Segments of 1,000 bytes and 10 records, begun 100 ms after each other. */
function chainOf(count: number): ChainSegment[] {
  return Array.from({ length: count }, (_, index) => ({
    header: {
      segmentBytes: 1000,
      baseLsn: 10 * index + 1,
      createdAtMs: 100 * index,
    } as ChainSegment['header'],
    endBytes: 900,
  }));
}

describe('what may be let go of', () => {
  const count = (options: Parameters<typeof countToLetGo>[0], lowestCursorLsn?: number, segments = 5) =>
    countToLetGo(options, { chain: chainOf(segments), lowestCursorLsn, nowMs: 500 });

  test('by age: segments that ended longer ago, never the last one', () => {
    expect([1000, 400, 399, 250, 100, 99, 0].map((maxAgeMs) => count({ maxAgeMs }))).toEqual([
      0, 0, 1, 2, 3, 4, 4,
    ]);
  });

  test('by size: until the rest fits, never the last one', () => {
    expect([9000, 5000, 4999, 2000, 1, 0].map((maxBytes) => count({ maxBytes }))).toEqual([0, 0, 1, 3, 4, 4]);
  });

  test('by either limit, whichever asks for more', () => {
    expect(count({ maxBytes: 3000, maxAgeMs: 399 })).toBe(2);
    expect(count({ maxBytes: 5000, maxAgeMs: 150 })).toBe(3);
  });

  test('by cursors: never what the slowest has not passed, and nothing without one', () => {
    expect([0, 9, 10, 19, 20, 50].map((lsn) => count({ cursors: true }, lsn))).toEqual([0, 0, 1, 1, 2, 4]);
    expect(count({ cursors: true })).toBe(0);
    expect([9, 25, 50].map((lsn) => count({ cursors: true, maxBytes: 2000 }, lsn))).toEqual([0, 2, 3]);
    expect(count({ cursors: true, maxBytes: 2000 })).toBe(0);
  });

  test('nothing by itself, and nothing of an empty log', () => {
    expect([count({}), count({ maxBytes: 0 }, undefined, 0), count({ cursors: false })]).toEqual([0, 0, 0]);
  });
});

async function open(options: WalOptions, storage = new MemoryStorage(), first = 1) {
  return { storage, wal: await openLog(storage, options, first) };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('retention', () => {
  test('goes on by itself as segments are begun, and when it is asked to', async () => {
    const { storage, wal } = await open({ retention: { maxBytes: 3 * 2048 } });
    for (let round = 0; round < 10; round++) {
      await appendAll(wal, texts(4, 4 * round + 1));
      await settled();
      expect((await segmentNames(storage)).length).toBeLessThanOrEqual(4);
    }
    await wal.applyRetention();
    expect(wal.stats().segments).toBe(3);
    const { firstLsn } = wal.stats();
    expect(await readTexts(wal)).toEqual(texts(41 - firstLsn, firstLsn));
    await wal.close();
    const again = await openLog(storage, {}, 50);
    expect(again.stats().firstLsn).toBe(firstLsn);
    expect(await again.applyRetention()).toBe(0);
    await again.close();
  });

  test('counts ages by the clock that it is given', async () => {
    let now = 0;
    const { wal } = await open({ retention: { maxAgeMs: 1000 }, now: () => now });
    for (let round = 0; round < 10; round++) {
      now = 100 * round;
      await appendAll(wal, texts(2, 2 * round + 1));
    }
    expect(await wal.applyRetention()).toBe(0);
    now = 1350;
    expect(await wal.applyRetention()).toBe(3);
    expect(wal.stats().firstLsn).toBe(7);
    await wal.close();
  });

  test('waits for the slowest cursor, also for one that nobody has asked for since the log was opened', async () => {
    const retention = { cursors: true };
    const { storage, wal } = await open({});
    const [fast, slow] = [await wal.cursor('fast'), await wal.cursor('slow')];
    await appendAll(wal, texts(20));
    await fast.advance(20);
    await slow.advance(6);
    await wal.close();
    const again = await openLog(storage, { retention }, 50);
    expect(await again.applyRetention()).toBe(3);
    expect(again.stats().firstLsn).toBe(7);
    await (await again.cursor('slow')).remove();
    await again.applyRetention();
    expect(again.stats().firstLsn).toBe(19);
    await again.close();
  });

  test('is refused if it cannot be understood', async () => {
    for (const retention of [{ maxAgeMs: -1 }, { maxBytes: 1.5 }, { cursors: 1 }, { maxAge: 5 }])
      await expect(open({ retention: retention as object })).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('the hook for sealed segments', () => {
  test('is told of each, once, and what it describes is what the file holds', async () => {
    const sealed: SealedSegment[] = [];
    const { storage, wal } = await open({ onSegmentSealed: (segment) => void sealed.push(segment) });
    await appendAll(wal, texts(9));
    expect(sealed.map(({ number, firstLsn, lastLsn, bytes }) => [number, firstLsn, lastLsn, bytes])).toEqual([
      [1, 1, 2, 2048],
      [2, 3, 4, 2048],
      [3, 5, 6, 2048],
      [4, 7, 8, 2048],
    ]);
    expect((await segmentNames(storage)).slice(0, 4)).toEqual(sealed.map(({ file }) => `wal/${file}`));
    await wal.close();
  });

  test('holds back the removal of its segment, and of no other before it', async () => {
    const uploads = new Map<number, () => void>();
    const { storage, wal } = await open({
      onSegmentSealed: ({ number }) => new Promise<void>((resolve) => void uploads.set(number, resolve)),
    });
    await appendAll(wal, texts(9));
    let isDone = false;
    const truncated = wal.truncateBefore(5).then(() => {
      isDone = true;
    });
    uploads.get(1)?.();
    await settled();
    expect([isDone, (await segmentNames(storage)).length]).toEqual([false, 5]);
    uploads.get(2)?.();
    await truncated;
    expect(await segmentNames(storage)).toHaveLength(3);
    await wal.close();
  });

  test('that rejects keeps its segment, and is called again for it', async () => {
    const calls: number[] = [];
    let isReachable = false;
    const { storage, wal } = await open({
      retention: { maxBytes: 2048 },
      async onSegmentSealed({ number }) {
        calls.push(number);
        if (!isReachable) throw new Error('the archive cannot be reached');
      },
    });
    await appendAll(wal, texts(5));
    await settled();
    await expect(wal.applyRetention()).rejects.toThrow('the archive cannot be reached');
    expect(await segmentNames(storage)).toHaveLength(3);
    isReachable = true;
    expect(await wal.applyRetention()).toBe(2);
    expect(calls.slice(-2)).toEqual([1, 2]);
    await wal.close();
  });

  test('is called, before they go, for segments that were sealed before the log was opened', async () => {
    const { storage, wal } = await open({});
    await appendAll(wal, texts(9));
    await wal.close();
    const files: string[] = [];
    const again = await openLog(storage, { onSegmentSealed: ({ file }) => void files.push(file) }, 50);
    const names = await segmentNames(storage);
    await again.truncateBefore(5);
    expect(files.map((file) => `wal/${file}`)).toEqual(names.slice(0, 2));
    await again.close();
  });

  test('does not hold back close, and what it holds back stays', async () => {
    const { storage, wal } = await open({
      retention: { maxBytes: 0 },
      onSegmentSealed: () => new Promise<void>(() => undefined),
    });
    await appendAll(wal, texts(5));
    await wal.close();
    expect(await segmentNames(storage)).toHaveLength(3);
  });
});

describe('cursors of a log', () => {
  test('are durable, and go back when the log is cut (I18)', async () => {
    const { storage, wal } = await open({});
    const cursor = await wal.cursor('mail');
    await expect(cursor.advance(1)).rejects.toMatchObject({ code: 'invalid' });
    await appendAll(wal, texts(9));
    await cursor.advance(9);
    await wal.truncateAfter(5);
    expect(cursor.lsn).toBe(5);
    const again = await openLog(storage.snapshot(), {}, 50);
    expect((await again.cursor('mail')).lsn).toBe(5);
    await again.close();
    await wal.close();
    await expect(cursor.advance(6)).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('a cursor as evidence', () => {
  /** A log that was killed, whose last record the cursor has passed. */
  async function killed(): Promise<MemoryStorage> {
    const { storage, wal } = await open({ segmentBytes: 65_536 });
    await appendAll(wal, texts(5));
    await (await wal.cursor('mail')).advance(5);
    return storage.snapshot();
  }

  async function lastBatchDamaged(): Promise<MemoryStorage> {
    const storage = await killed();
    storage.bytes((await segmentNames(storage))[0] ?? '').fill(0, 512 * 5, 512 * 6);
    return storage;
  }

  test('tells damage to the last record from a torn write: known-beyond', async () => {
    const whole = await openLog(await killed(), {}, 50);
    expect(whole.recovery).toMatchObject({ tail: 'end', nextLsn: 6 });
    await whole.close();
    const refusal = await openLog(await lastBatchDamaged(), {}, 50).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'corrupt', report: { row: 'known-beyond', nextLsn: 5 } });
  });

  test('is lowered with the log when that ends before the damage, and asks for nothing more then', async () => {
    const storage = await lastBatchDamaged();
    const wal = await openLog(storage, { policy: 'point-in-time' }, 50);
    expect((await wal.cursor('mail')).lsn).toBe(4);
    expect(await readTexts(wal)).toEqual(texts(4));
    await wal.close();
    const again = await openLog(storage, {}, 90);
    expect(again.recovery.tail).not.toBe('corrupt');
    await again.close();
  });
});
