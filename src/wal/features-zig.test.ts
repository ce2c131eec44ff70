import { describe, expect, test } from 'vitest';
import { findText, flipBit, rooms } from './fixtures/features.ts';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from './fixtures/log.ts';
import { watch } from './fixtures/watched-storage.ts';
import { openMirrored, snapshots, twoDisks, withBadSector } from './mirror/fixtures/disks.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import { StorageError } from './storage.ts';
import { dumpLines } from './tool/dump.ts';
import { planRepair } from './tool/repair.ts';
import { gatherStatistics } from './tool/stats.ts';
import { survey } from './tool/survey.ts';
import { verifyPlace } from './tool/verify.ts';

/**
 * What other logs offer, or plan to, feature by feature: one file a log. What is special about a feature is tested where it is built.
 * What needs real files is in features.system.test.ts.
 */
describe('from a Zig log on io_uring', () => {
  test('CRC-32C on every record', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, rooms);
    await appendAll(wal, ['one', 'two', 'three']);
    const [bytes, at] = await findText(storage, 'two');
    flipBit(bytes, at);
    expect(await wal.verify()).toEqual([expect.stringMatching(/record 2: damaged/)]);
    await wal.close();
  });

  test('two log files against latent sector errors: any sector of one may be lost', async () => {
    const disks = twoDisks();
    const wal = await openMirrored(disks, rooms);
    await appendAll(wal, texts(3));
    await wal.close();
    const [path = ''] = await segmentNames(disks.first);
    for (let at = 0; at < 6 * 512; at += 512) {
      const { first, second } = snapshots(disks);
      const spoiled = { first: withBadSector(first, path, at, 512), second };
      const again = await openMirrored(spoiled, rooms, 50);
      expect(await readTexts(again)).toEqual(texts(3));
      await again.close();
    }
  });

  test('read-back verification after fsync: what the disk lost is not acknowledged', async () => {
    const disk = new MemoryStorage();
    let isLying = false;
    // The page cache has it, the medium has not.
    const { open } = disk;
    disk.open = async (path, mode) => {
      const file = await open.call(disk, path, mode);
      const readBack = async (buffer: Uint8Array, position: number) =>
        isLying ? buffer.fill(0).length : file.read(buffer, position);
      return { ...file, readBack };
    };
    const wal = await openLog(disk, { ...rooms, readBack: 'all' });
    await appendAll(wal, ['r1']);
    isLying = true;
    await expect(wal.appendDurable(encode('r2'))).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('does not read back'),
    });
    expect(wal.stats().durableLsn).toBe(1);
    await wal.close().catch(() => undefined);
  });

  test('recovery reconciles both files: each has what the other lacks', async () => {
    const disks = twoDisks();
    const wal = await openMirrored(disks);
    await appendAll(wal, texts(5));
    await wal.close();
    const [one = '', two = ''] = await segmentNames(disks.first);
    await disks.first.remove(one);
    disks.second.bytes(two).fill(0xee, 512, 1024);
    const again = await openMirrored(disks, {}, 50);
    expect(await readTexts(again)).toEqual(texts(5));
    expect((await again.scrub()).damages).toEqual([]);
    await again.close();
    for (const storage of [disks.first, disks.second]) {
      const alone = await openLog(storage.snapshot(), { mirror: 'missing' }, 90);
      expect(await readTexts(alone)).toEqual(texts(5));
      await alone.close();
    }
  });

  test('pending-operation tracking: each is answered, with success or the failure', async () => {
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

  test('a demo CLI: dump, verify, repair, stats', async () => {
    const storage = new MemoryStorage();
    const place = { storage, directory: 'wal' };
    const wal = await openLog(storage, rooms);
    await appendAll(wal, ['one', 'two', 'three']);
    await wal.close();
    // What `powercut wal` prints; that it does is tested beside its commands (harness/commands/wal.system.test.ts).
    const lines = [];
    for await (const { text } of dumpLines(await survey(place), { records: true })) lines.push(text);
    expect(lines.join('\n')).toContain('"two"');
    expect(await gatherStatistics(await survey(place))).toMatchObject({ records: { count: 3 } });
    expect((await verifyPlace(place)).problems).toEqual([]);
    const [bytes, at] = await findText(storage, 'two');
    flipBit(bytes, at);
    expect((await verifyPlace(place)).problems).not.toEqual([]);
    const { steps } = await planRepair(place, { policy: 'point-in-time' });
    for (const step of steps) await step.apply();
    const again = await openLog(storage, rooms, 50);
    expect(await readTexts(again)).toEqual(['one']);
    await again.close();
  });
});
