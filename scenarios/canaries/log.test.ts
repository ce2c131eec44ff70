import { describe, expect, test } from 'vitest';
import { MemoryStorage } from '../../src/wal/storage/memory-storage.ts';
import type { Storage, StorageFile } from '../../src/wal/storage.ts';
import { StorageError } from '../../src/wal/storage.ts';
import { LogError } from './error.ts';
import { Log, type LogItem } from './log.ts';

const open = (storage: Storage, segmentBytes = 16_384) =>
  Log.open({ storage, directory: '' }, { variant: 'honest', segmentBytes });
const bytes = (text: string) => Buffer.from(text);
const texts = (items: readonly LogItem[]) => items.map(({ data }) => Buffer.from(data).toString());
const scan = async (log: Log) => texts(await log.scan());
const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `item ${from + index}`);

async function filled(count: number, segmentBytes?: number): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const log = await open(storage, segmentBytes);
  for (const name of names(count)) {
    await log.append([bytes(name)]);
    await log.sync();
  }
  await log.close();
  return storage;
}

/** What an open shows, or how it refuses. */
async function reopened(storage: Storage): Promise<string[] | string> {
  try {
    const log = await open(storage);
    const items = await scan(log);
    await log.close();
    return items;
  } catch (error) {
    if (error instanceof LogError) return error.code;
    throw error;
  }
}

describe('a log without faults', () => {
  test('numbers items, and shows them again after a clean close and after none', async () => {
    const storage = new MemoryStorage();
    const first = await open(storage);
    expect(first.recovered).toEqual({ items: 0, clean: true });
    expect(await first.append([bytes('a')])).toBe(0);
    expect(await first.append([bytes('b'), bytes('c'), bytes('')])).toBe(1);
    await first.sync();
    const crashed = storage.snapshot();
    await first.close();
    for (const [left, clean] of [
      [storage, true],
      [crashed, false],
    ] as const) {
      const log = await open(left);
      expect(log.recovered).toEqual({ items: 4, clean });
      expect(await scan(log)).toEqual(['a', 'b', 'c', '']);
      expect(await log.append([bytes('d')])).toBe(4);
      await log.close();
      expect(await reopened(left)).toEqual(['a', 'b', 'c', '', 'd']);
    }
  });

  test('rolls, and lets go of old segments only as a whole', async () => {
    const storage = await filled(20, 8192);
    expect((await storage.list('')).length).toBeGreaterThan(5);
    const log = await open(storage, 8192);
    expect(await scan(log)).toEqual(names(20));
    await log.truncateBefore(10);
    const [oldest] = await log.scan();
    expect(oldest?.number).toBeGreaterThan(0);
    expect(oldest?.number).toBeLessThanOrEqual(10);
    await log.close();
    expect(await reopened(storage)).toEqual(names(20 - (oldest?.number ?? 0), oldest?.number));
  });

  test('a log that is only read leaves no trace', async () => {
    const storage = await filled(3);
    const before = await storage.list('');
    await reopened(storage);
    expect(await storage.list('')).toEqual(before);
  });

  test('a record may be larger than a segment, but not larger than a record may be', async () => {
    const storage = new MemoryStorage();
    const log = await open(storage, 8192);
    const large = 'x'.repeat(50_000);
    for (const text of ['before', large, 'after']) await log.append([bytes(text)]);
    await expect(log.append([new Uint8Array(1 << 24)])).rejects.toMatchObject({ code: 'invalid' });
    await expect(log.append([])).rejects.toMatchObject({ code: 'invalid' });
    await log.close();
    expect(await reopened(storage)).toEqual(['before', large, 'after']);
  });
});

describe('after a crash', () => {
  test('cut at every byte of the last segment: what was synced before the cut is there, and nothing else', async () => {
    const storage = new MemoryStorage();
    const log = await open(storage, 65_536);
    const sizes: number[] = [];
    for (const name of names(4)) {
      await log.append([bytes(name), bytes(`${name} too`)]);
      await log.sync();
      sizes.push(storage.bytes('00000001.log').length);
    }
    for (let size = 4096; size <= (sizes.at(-1) ?? 0); size += size % 4096 < 100 ? 1 : 97) {
      const cut = storage.snapshot();
      await (await cut.open('00000001.log', 'write')).truncate(size);
      const whole = sizes.filter((end) => end <= size).length;
      const expected = names(whole).flatMap((name) => [name, `${name} too`]);
      expect(await reopened(cut)).toEqual(expected);
      expect(await reopened(cut)).toEqual(expected);
    }
  });

  test('a hole, and a whole record behind it that no sync vouched for: the log ends at the hole', async () => {
    const storage = new MemoryStorage();
    const log = await open(storage, 65_536);
    await log.append([bytes('synced')]);
    await log.sync();
    await log.append([Buffer.alloc(8192 - 36, 'lost')]);
    await log.append([bytes('kept, at a block of its own')]);
    storage.bytes('00000001.log').fill(0, 8192, 16_384);
    expect(await reopened(storage)).toEqual(['synced']);
  });

  test('what recovery replaces does not come back to life', async () => {
    const storage = new MemoryStorage();
    const log = await open(storage);
    for (const name of names(2)) await log.append([bytes(name)]);
    const old = Buffer.from(storage.bytes('00000001.log'));
    expect(await reopened(storage)).toEqual(names(2));
    // The removal of the old segment was lost.
    await (await storage.open('00000001.log', 'create')).write([old], 0);
    expect(await reopened(storage)).toEqual(names(2));
    expect(await storage.list('')).not.toContain('00000001.log');
  });

  test('a segment that did not get its name yet is forgotten', async () => {
    const storage = await filled(2);
    await (await storage.open('00000002.new', 'create')).write([bytes('half a header')], 0);
    const log = await open(storage);
    await log.append([bytes('item 2')]);
    await log.close();
    expect(await reopened(storage)).toEqual(names(3));
    expect(await storage.list('')).toEqual(['00000001.log', '00000002.log']);
  });
});

describe('bit rot at rest, after a clean close', () => {
  test('a flip anywhere is refused, or hurts nothing', async () => {
    const pristine = await filled(5, 12_288);
    const expected = names(5);
    let refused = 0;
    for (const file of await pristine.list('')) {
      const size = pristine.bytes(file).length;
      for (let at = 0; at < size; at += at % 4096 < 64 ? 1 : 131) {
        const rotten = pristine.snapshot();
        const damaged = rotten.bytes(file);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
        const shown = await reopened(rotten);
        if (shown === 'corrupt') refused++;
        else expect({ file, at, shown }).toEqual({ file, at, shown: expected });
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  test('a refused open changes nothing', async () => {
    const storage = await filled(5);
    const [file = ''] = await storage.list('');
    storage.bytes(file).fill(0, 4096, 8192);
    const before = await storage.list('');
    const content = Buffer.from(storage.bytes(file));
    expect(await reopened(storage)).toBe('corrupt');
    expect(await storage.list('')).toEqual(before);
    expect(content.equals(storage.bytes(file))).toBe(true);
  });
});

describe('when the disk refuses', () => {
  /** A storage whose n-th barrier (from 1) fails, once. */
  function failing(nth: number): Storage & { readonly inner: MemoryStorage } {
    const inner = new MemoryStorage();
    let barriers = 0;
    const barrier = async () => {
      if (++barriers === nth) throw new StorageError('io', 'EIO', { errno: 'EIO' });
    };
    const wrap = (file: StorageFile): StorageFile => ({
      size: () => file.size(),
      read: (buffer, position) => file.read(buffer, position),
      readBack: (buffer, position) => file.readBack(buffer, position),
      write: (buffers, position) => file.write(buffers, position),
      truncate: (size) => file.truncate(size),
      sync: barrier,
      syncData: barrier,
      async writeDurably(buffers, position) {
        await file.write(buffers, position);
        await barrier();
      },
      close: () => file.close(),
    });
    return {
      ...storageMethods(inner),
      inner,
      open: async (path, mode) => wrap(await inner.open(path, mode)),
      syncDirectory: barrier,
    };
  }

  test.each([1, 2, 3, 4])('at barrier %i: it stops for good, and acknowledges nothing more', async (nth) => {
    const storage = failing(nth);
    const log = await open(storage);
    const outcomes: string[] = [];
    for (const name of names(4)) {
      const outcome = await log
        .append([bytes(name)])
        .then(() => log.sync())
        .then(
          () => 'ok',
          (error: LogError) => error.code,
        );
      outcomes.push(outcome);
    }
    const failed = outcomes.indexOf('io');
    expect(outcomes.slice(0, failed)).toEqual(Array(failed).fill('ok'));
    expect(outcomes.slice(failed)).toEqual(['io', ...Array(3 - failed).fill('failed')]);
    await expect(log.scan()).rejects.toMatchObject({ code: 'failed' });
    await expect(log.close()).rejects.toMatchObject({ code: 'failed' });
    expect((await reopened(storage.inner)).slice(0, failed)).toEqual(names(failed));
  });

  test('after that, what is read back is written anew before it is shown', async () => {
    const storage = failing(3);
    const log = await open(storage);
    await log.append([bytes('in the page cache, never on disk')]);
    await expect(log.sync()).rejects.toMatchObject({ code: 'io' });
    expect(await reopened(storage.inner)).toEqual(['in the page cache, never on disk']);
    expect(await storage.inner.list('')).toEqual(['00000002.log']);
  });
});

function storageMethods(storage: MemoryStorage) {
  return {
    description: storage.description,
    list: storage.list.bind(storage),
    makeDirectory: storage.makeDirectory.bind(storage),
    rename: storage.rename.bind(storage),
    remove: storage.remove.bind(storage),
    lock: storage.lock.bind(storage),
  };
}
