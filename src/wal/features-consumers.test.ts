import { describe, expect, test } from 'vitest';
import { appendAll, openLog, readTexts, texts } from './fixtures/log.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { Wal } from './wal.ts';

/** What other logs offer beside their writer, or have on their roadmaps. As features.test.ts. */
describe('features for consumers', () => {
  test('hungpdn/wal: many readers beside a writer, also in another process', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    const reader = await Wal.openReader({ storage, directory: 'wal' }, { show: 'written' });
    await appendAll(wal, texts(9));
    const shown = [];
    for await (const { lsn } of reader.iterate()) shown.push(lsn);
    expect(shown).toEqual(texts(9).map((_, index) => index + 1));
    await wal.close();
  });

  test('hungpdn/wal: retention by age and size, with a hook to upload', async () => {
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

  test('stemedb-wal: cleanup by cursors; a reader that goes on when a writer rolled', async () => {
    const wal = await openLog(new MemoryStorage(), { retention: { cursors: true } });
    const cursor = await wal.cursor('consumer');
    const records = wal.tail();
    for (let lsn = 1; lsn <= 9; lsn++) {
      await appendAll(wal, [`r${lsn}`]);
      expect((await records.next()).value?.lsn).toBe(lsn);
      await cursor.advance(lsn);
    }
    await wal.applyRetention();
    expect(wal.stats()).toMatchObject({ firstLsn: 9, segments: 1 });
    await records.return?.();
    await wal.close();
  });

  test('a Rust WAL module, and hungpdn/wal: metrics of reads, writes and syncs', async () => {
    const wal = await openLog(new MemoryStorage(), { metrics: true });
    await appendAll(wal, texts(3));
    await readTexts(wal);
    const { latency, ...metrics } = wal.metrics();
    expect(metrics).toMatchObject({ appends: 3, records: 3, commits: 3, reads: 1 });
    expect([latency?.commit.count, latency?.sync.count]).toEqual([3, 3]);
    await wal.close();
  });
});
