import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { manifestName } from '../manifest.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { type Storage, StorageError } from '../storage.ts';
import { openMirrored, snapshots, twoDisks } from './fixtures/disks.ts';

/** A disk whose n-th read of a segment, and every second one from there, answers zeros. */
function fickle(disk: MemoryStorage, from: number): Storage {
  let reads = 0;
  const fickleDisk = disk.snapshot();
  const { open } = fickleDisk;
  fickleDisk.open = async (path, mode) => {
    const file = await open.call(fickleDisk, path, mode);
    if (!path.endsWith('.wal')) return file;
    const read = async (buffer: Uint8Array, position: number) => {
      const count = await file.read(buffer, position);
      if (++reads >= from && (reads - from) % 2 === 0) buffer.fill(0);
      return count;
    };
    return { ...file, read };
  };
  return fickleDisk;
}

describe('mending from a copy that is not what it was', () => {
  test('a disk that answers another thing each time spoils no copy that is right (I16)', async () => {
    // A batch was valid when it was read, the same bytes were read again to compare, and once more to be copied: zeros, which
    // then stood in both copies.
    const disks = twoDisks();
    const wal = await openMirrored(disks);
    await appendAll(wal, texts(5));
    await wal.close();
    for (let from = 1; from < 24; from++) {
      const { second } = snapshots(disks);
      const again = await openMirrored({ first: fickle(disks.first, from), second }, {}, 50);
      await again.scrub();
      await again.close();
      const alone = await openLog(second, { mirror: 'missing' }, 90);
      expect({ from, shown: await readTexts(alone) }).toEqual({ from, shown: texts(5) });
      await alone.close();
    }
  });
});

describe('two copies that are joined', () => {
  async function newLogIn(disk: MemoryStorage, seed: number): Promise<void> {
    const wal = await openLog(disk, {}, seed);
    await (await wal.cursor(`reader-${seed}`)).advance(0);
    await wal.close();
  }

  test('though another log was begun in one, and a crash cut the making of the copy at any call', async () => {
    // Segments of the one log beside the manifest of the other were taken for a different log, and refused for good.
    const whole = new MemoryStorage();
    const wal = await openLog(whole);
    await appendAll(wal, texts(3));
    await wal.close();
    const other = new MemoryStorage();
    await newLogIn(other, 30);
    for (let calls = 1; calls < 30; calls++) {
      const [first, second] = [whole.snapshot(), other.snapshot()];
      await openMirrored({ first, second: dyingAfter(second, calls) }, {}, 60).then(
        (opened) => opened.close().catch(() => undefined),
        () => undefined,
      );
      const again = await openMirrored({ first, second: second.snapshot() }, {}, 90);
      expect(await readTexts(again)).toEqual(texts(3));
      await again.close();
    }
  });

  test('though nothing was ever in either, and they are of two logs and have other cursors', async () => {
    const { first, second } = twoDisks();
    await newLogIn(first, 20);
    await newLogIn(second, 30);
    const wal = await openMirrored({ first, second }, {}, 60);
    await (await wal.cursor('reader-20')).advance(0);
    await wal.appendDurable(encode('r1'));
    expect(await readTexts(wal)).toEqual(['r1']);
    await wal.close();
  });

  test('though a crash left a cursor in one of them alone, and nothing was ever appended', async () => {
    // Nothing mends a log that is made anew: the cursor was missing in one copy whenever it was written, and so the log failed.
    const disks = twoDisks();
    const wal = await openMirrored(disks);
    await wal.cursor('mail');
    await wal.close();
    await disks.second.remove('wal/cursor-mail');
    const again = await openMirrored(disks, {}, 60);
    await appendAll(again, ['r1']);
    await (await again.cursor('mail')).advance(1);
    await again.close();
    expect(await disks.second.list('wal')).toContain('cursor-mail');
  });

  test('without giving up the right one for one that was copied and lost bytes, before the log said that it has two', async () => {
    // With equal generations the copy that was named first counted alone, and the other was made anew from it.
    const good = new MemoryStorage();
    const wal = await openLog(good);
    await appendAll(wal, texts(3));
    await wal.close();
    const lossy = good.snapshot();
    lossy.bytes((await segmentNames(lossy))[0] ?? '').fill(0);
    const joined = await openMirrored({ first: lossy, second: good }, {}, 60);
    expect(await readTexts(joined)).toEqual(texts(3));
    await joined.close();
  });

  test('not from one whose manifest cannot be read any more', async () => {
    const disks = twoDisks();
    const wal = await openMirrored(disks);
    await appendAll(wal, texts(3));
    await wal.close();
    await disks.second.remove(`wal/${manifestName}`);
    let isDead = false;
    const { first } = disks;
    const { open } = first;
    first.open = async (path, mode) => {
      const file = await open.call(first, path, mode);
      // The survey has read it; from the first segment on the disk answers nothing.
      isDead ||= path.endsWith('.wal');
      const read = async (buffer: Uint8Array, position: number) => {
        if (isDead) throw new StorageError('io', 'the disk is dead');
        return file.read(buffer, position);
      };
      return { ...file, read };
    };
    await expect(openMirrored(disks, {}, 60)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('manifest cannot be read any more'),
    });
    expect(await disks.second.list('wal')).not.toContain(manifestName);
  });
});

/** After so many calls that change something, the process is gone. */
function dyingAfter(disk: MemoryStorage, calls: number): Storage {
  let left = calls;
  const count = () => {
    if (left-- <= 0) throw new StorageError('io', 'the process is gone');
  };
  return {
    description: disk.description,
    open: async (path, mode) => {
      if (mode === 'create') count();
      const file = await disk.open(path, mode);
      const write: typeof file.write = async (buffers, position) => {
        count();
        await file.write(buffers, position);
      };
      return { ...file, write, writeDurably: write };
    },
    list: (path) => disk.list(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    rename: async (from, to) => {
      count();
      await disk.rename(from, to);
    },
    remove: async (path) => {
      count();
      await disk.remove(path);
    },
    syncDirectory: (path) => disk.syncDirectory(path),
    lock: (path) => disk.lock(path),
  };
}
