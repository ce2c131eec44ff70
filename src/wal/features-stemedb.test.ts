import { describe, expect, test } from 'vitest';
import { countReads, findText, flipBit, rooms } from './fixtures/features.ts';
import { appendAll, encode, openLog, readTexts, texts } from './fixtures/log.ts';
import { MemoryStorage } from './storage/memory-storage.ts';

/** As features-zig.test.ts. */
describe('from stemedb-wal (Rust)', () => {
  test('BLAKE3 beside CRC-32C', async () => {
    const wal = await openLog(new MemoryStorage(), { ...rooms, contentHash: true });
    await appendAll(wal, texts(2));
    expect(await wal.verify()).toEqual([]);
    expect(await readTexts(wal)).toEqual(texts(2));
    await wal.close();
  });

  test('durability levels, and a guard that leaves nothing unsynced', async () => {
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

  test('a group-commit buffer: it is written when it is full, or when somebody waits', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 2 ** 17, bufferBytes: 4096 });
    for (let index = 0; index < 4; index++) await wal.append(new Uint8Array(1000));
    expect(wal.stats().commits).toBe(0);
    await wal.append(new Uint8Array(1000));
    await expect.poll(() => wal.stats().commits).toBe(1);
    await wal.sync();
    expect(wal.stats()).toMatchObject({ commits: 2, durableLsn: 5 });
    await wal.close();
  });

  test('global addressing over segments', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(30));
    for (const lsn of [1, 2, 3, 17, 29, 30]) expect((await wal.read(lsn))?.lsn).toBe(lsn);
    await wal.close();
  });

  test('binary search: few reads find a record among many', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 64 * 512 });
    await appendAll(wal, texts(200));
    let bytes = 0;
    countReads(storage, (length) => {
      bytes += length;
    });
    expect(Buffer.from((await wal.read(101))?.data ?? []).toString()).toBe('r101');
    expect(bytes).toBeLessThan(wal.stats().segments * 64 * 512);
    await wal.close();
  });

  test('cursor-based cleanup; reads that refresh when a writer rolled', async () => {
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

  test('a recovery report', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, rooms);
    await appendAll(wal, texts(2));
    const again = await openLog(storage.snapshot(), rooms, 50);
    expect(again.recovery).toMatchObject({ tail: 'end', firstLsn: 1, nextLsn: 3, movedRecords: 1 });
    for (const open of [wal, again]) await open.close();
  });

  test('quarantine: damage is refused with its place, or set aside and never deleted', async () => {
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
