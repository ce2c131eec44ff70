import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { StorageError } from '../storage.ts';
import { Wal } from '../wal.ts';

describe('after a failure (I12)', () => {
  function failing(code: 'io' | 'full', shouldFail: (call: string) => boolean) {
    const disk = new MemoryStorage();
    const calls: string[] = [];
    let armed = false;
    const storage = watch(disk, (call) => {
      calls.push(call);
      if (armed && shouldFail(call)) throw new StorageError(code, `planned: ${call}`, { errno: 'EIO' });
    });
    const arm = () => {
      armed = true;
      calls.length = 0;
    };
    return { disk, storage, calls, arm };
  }

  test.for(['write', 'syncData'])(
    'of a %s the log accepts nothing more, and retries nothing',
    async (call) => {
      const { storage, calls, arm } = failing('io', (made) => made.startsWith(`${call} wal/0`));
      const wal = await openLog(storage, { segmentBytes: 65_536 });
      await appendAll(wal, ['r1']);
      arm();
      const waiting = [wal.appendDurable(encode('r2')), wal.appendDurable(encode('r3'))];
      const failed = { code: 'failed', cause: { code: 'io', errno: 'EIO' } };
      for (const each of waiting) await expect(each).rejects.toMatchObject(failed);
      const count = calls.length;
      await expect(wal.append(encode('x'))).rejects.toMatchObject(failed);
      await expect(wal.sync()).rejects.toMatchObject(failed);
      await expect(wal.truncateBefore(1)).rejects.toMatchObject(failed);
      await expect(wal.close()).rejects.toMatchObject(failed);
      expect(calls.length).toBe(count);
      expect(calls.filter((made) => made.startsWith(call))).toHaveLength(1);
      const again = await openLog(storage, {}, 50).catch((error) => error);
      expect(again).not.toMatchObject({ code: 'locked' });
    },
  );

  test('appends that wait for room are told too', async () => {
    const { storage, arm } = failing('io', (call) => call.startsWith('write wal/0'));
    const wal = await openLog(storage, { segmentBytes: 65_536, bufferBytes: 4096 });
    await appendAll(wal, ['r1']);
    arm();
    const appends = Array.from({ length: 8 }, () => wal.append(new Uint8Array(2000)));
    const outcomes = await Promise.allSettled(appends);
    expect(outcomes.map(({ status }) => status).slice(-3)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(wal.close()).rejects.toMatchObject({ code: 'failed' });
  });

  test('of a disk without room it says so', async () => {
    const { storage, arm } = failing('full', (call) => call.startsWith('create wal/prepare.tmp'));
    const wal = await openLog(storage);
    await appendAll(wal, texts(2));
    arm();
    const full = { code: 'full', message: expect.stringContaining('Make room') };
    await expect(wal.appendDurable(encode('r3'))).rejects.toMatchObject(full);
    await expect(wal.close()).rejects.toMatchObject(full);
  });

  test('a disk that is full only while the next segment is made ready ahead costs nothing', async () => {
    let failures = 0;
    const { storage, arm } = failing('full', (call) => call.startsWith('create') && failures++ === 0);
    const wal = await openLog(storage, { segmentBytes: 8 * 512, prepareAhead: true });
    await appendAll(wal, ['r1']);
    arm();
    await appendAll(wal, texts(11, 2));
    expect(failures).toBeGreaterThan(1);
    expect(await readTexts(wal)).toEqual(texts(12));
    await wal.close();
  });

  test('of a barrier in the background the log fails before it closes', async () => {
    const { storage, arm } = failing('io', (call) => call === 'sync wal/prepare.tmp');
    const wal = await openLog(storage, { segmentBytes: 8 * 512, prepareAhead: true });
    await appendAll(wal, ['r1']);
    arm();
    await appendAll(wal, texts(3, 2)).catch(() => undefined);
    await expect(wal.close()).rejects.toMatchObject({ code: 'failed' });
  });

  test('what was not acknowledged may be there or not, what was is there', async () => {
    const { disk, storage, arm } = failing('io', (call) => call.startsWith('syncData wal/0'));
    const wal = await openLog(storage, { segmentBytes: 65_536 });
    await appendAll(wal, texts(2));
    arm();
    await expect(wal.appendDurable(encode('r3'))).rejects.toThrow();
    const again = await openLog(disk.snapshot(), {}, 50);
    expect(await readTexts(again)).toEqual(texts(3));
    expect(again.recovery).toMatchObject({ movedRecords: 1 });
    await again.close();
  });

  test('an open that the disk refuses says what it was about, and changes nothing', async () => {
    const { storage, arm } = failing('io', () => true);
    arm();
    const refused = { code: 'io', message: expect.stringContaining('memory:wal') };
    await expect(Wal.open({ storage, directory: 'wal' })).rejects.toMatchObject(refused);
  });
});
