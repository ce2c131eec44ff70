import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import type { LogRecord } from '../record.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { type Storage, StorageError } from '../storage.ts';
import type { Timers } from '../timers.ts';
import { type ReaderOptions, WalReader } from './wal-reader.ts';

/** Time that passes at once, in a later turn of the event loop. */
const timers: Timers = {
  every: () => () => undefined,
  delay: () => new Promise((resolve) => void setImmediate(resolve)),
};

function openReader(storage: Storage, options: ReaderOptions = {}): Promise<WalReader> {
  return WalReader.open({ storage, directory: 'wal' }, { timers, ...options });
}

async function textsOf(records: AsyncIterable<LogRecord>): Promise<string[]> {
  const found: string[] = [];
  for await (const { data } of records) found.push(Buffer.from(data).toString());
  return found;
}

/** Takes `count` records of an iteration and leaves it open. */
async function take(records: AsyncIterator<LogRecord>, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const { value, done } = await records.next();
    if (done === true) break;
    found.push(Buffer.from(value.data).toString());
  }
  return found;
}

/** A storage whose locks nobody holds: a writer that is left alone is as good as killed. */
function unlocked(storage: Storage): Storage {
  return { ...watch(storage, () => undefined), lock: async () => ({ release: async () => undefined }) };
}

describe('a reader beside a writer', () => {
  test('shows what is proven durable, which is one commit behind; or all that is written', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 65_536 });
    const durable = await openReader(storage);
    const written = await openReader(storage, { show: 'written' });
    expect(await textsOf(durable.iterate())).toEqual([]);
    await appendAll(wal, texts(3));
    expect(await textsOf(durable.iterate())).toEqual(texts(2));
    expect(await textsOf(written.iterate())).toEqual(texts(3));
    expect(await durable.stats()).toEqual({ firstLsn: 1, lastLsn: 2, segments: 1 });
    await wal.close();
    expect(await textsOf(durable.iterate())).toEqual(texts(3));
  });

  test('takes no lock and changes nothing', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(9));
    const calls: string[] = [];
    const modes = new Set<string>();
    const watched = watch(storage, (call) => void calls.push(call));
    const reader = await openReader({
      ...watched,
      open(path, mode) {
        modes.add(mode);
        return watched.open(path, mode);
      },
      lock: () => Promise.reject(new StorageError('read-only', 'no locks here')),
    });
    expect(await textsOf(reader.iterate())).toEqual(texts(8));
    expect(await reader.verify()).toEqual([]);
    expect([calls, [...modes]]).toEqual([[], ['read']]);
    await wal.close();
  });

  test('reads any range and any record, before and after the writer has rolled', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    const reader = await openReader(storage);
    await appendAll(wal, texts(30));
    expect(await textsOf(reader.iterate({ from: 7, to: 11 }))).toEqual(texts(5, 7));
    expect(await textsOf(reader.iterate({ from: 28 }))).toEqual(texts(2, 28));
    expect(Buffer.from((await reader.read(13))?.data ?? []).toString()).toBe('r13');
    expect(await reader.read(31)).toBeUndefined();
    await wal.close();
  });

  test('is refused where there is no log, and no longer answers when it is closed', async () => {
    await expect(openReader(new MemoryStorage())).rejects.toMatchObject({ code: 'io' });
    const storage = new MemoryStorage();
    await (await openLog(storage)).close();
    for (const options of [{ show: 'all' }, { pollMs: 0 }] as unknown as ReaderOptions[])
      await expect(openReader(storage, options)).rejects.toMatchObject({ code: 'invalid' });
    const reader = await openReader(storage);
    await reader.close();
    expect(() => reader.iterate()).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('follows: each record once, in order, over rolls, kills and new writers', async () => {
    const storage = new MemoryStorage();
    let wal = await openLog(unlocked(storage));
    const followers = [await openReader(storage), await openReader(storage, { show: 'written' })].map(
      (reader) => ({ reader, seen: textsOf(reader.tail()) }),
    );
    let count = 0;
    for (let round = 1; round <= 6; round++) {
      await appendAll(wal, texts(7, count + 1));
      count += 7;
      // Every second writer is killed, and its last records are moved.
      if (round % 2 === 0) await wal.close();
      wal = await openLog(unlocked(storage), {}, 20 * round);
    }
    await wal.close();
    for (const { reader, seen } of followers) {
      for (let turns = 0; turns < 50; turns++) await timers.delay(0);
      await reader.close();
      expect(await seen).toEqual(texts(count));
    }
  });

  test('ends by return, by its signal and by close, also while it waits', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(3));
    const reader = await openReader(storage);
    const byReturn = reader.tail();
    expect(await take(byReturn, 2)).toEqual(texts(2));
    const waiting = byReturn.next();
    await byReturn.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const ending = new AbortController();
    const bySignal = textsOf(reader.tail({ from: 2, signal: ending.signal }));
    const byClose = textsOf(reader.tail());
    for (let turns = 0; turns < 5; turns++) await timers.delay(0);
    ending.abort();
    expect(await bySignal).toEqual(['r2']);
    await reader.close();
    expect(await byClose).toEqual(texts(2));
    await wal.close();
  });
});

describe('what the writer changes while it is read', () => {
  test('truncation: what was let go of and not yet read is an error, never damage and never skipped', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(20));
    const reader = await openReader(storage);
    const slow = reader.tail();
    const late = reader.iterate();
    expect(await take(slow, 3)).toEqual(texts(3));
    expect(await take(late, 1)).toEqual(['r1']);
    await wal.truncateBefore(15);
    await expect(take(slow, 50)).rejects.toMatchObject({ code: 'truncated' });
    await expect(take(late, 50)).rejects.toMatchObject({ code: 'truncated' });
    const { firstLsn } = await reader.stats();
    expect(firstLsn).toBeGreaterThan(10);
    expect(await textsOf(reader.iterate())).toEqual(texts(20 - firstLsn, firstLsn));
    expect(await reader.verify()).toEqual([]);
    await wal.close();
  });

  test('a follower that is at the end is not troubled by truncation', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(20));
    const reader = await openReader(storage);
    const records = reader.tail();
    expect(await take(records, 19)).toEqual(texts(19));
    await wal.truncateBefore(20);
    await appendAll(wal, texts(10, 21));
    expect(await take(records, 10)).toEqual(texts(10, 20));
    await records.return?.();
    await wal.close();
  });

  test('every moment of it: between any two calls of a writer the reader sees a good log', async () => {
    const storage = new MemoryStorage();
    await storage.makeDirectory('wal');
    let reader: WalReader | undefined;
    let durable = 0;
    let written = 0;
    let looks = 0;
    const looking = watch(unlocked(storage), async () => {
      if (!(await storage.list('wal')).includes('manifest')) return;
      reader ??= await openReader(storage);
      const { firstLsn, lastLsn } = await reader.stats();
      expect(lastLsn).toBeLessThanOrEqual(written);
      expect(lastLsn).toBeGreaterThanOrEqual(durable - 1);
      expect(await textsOf(reader.iterate())).toEqual(texts(lastLsn - firstLsn + 1, firstLsn));
      looks++;
    });
    for (let round = 0; round < 3; round++) {
      const wal = await openLog(unlocked(looking), { prepareAhead: round === 1 }, 20 * round + 1);
      for (let index = 0; index < 6; index++) {
        await wal.append(encode(`r${++written}`));
        await wal.sync();
        durable = written;
      }
      await wal.truncateBefore(durable - 3);
      if (round !== 1) await wal.close();
    }
    expect(looks).toBeGreaterThan(100);
  });

  test('a slot of the manifest that is being written, even both in turn: it looks again', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(9));
    await wal.close();
    const good = storage.bytes('wal/manifest').slice();
    storage.bytes('wal/manifest').fill(0xee);
    let pauses = 0;
    const mending: Timers = {
      ...timers,
      async delay() {
        if (++pauses === 3) storage.bytes('wal/manifest').set(good);
      },
    };
    const reader = await openReader(storage, { timers: mending });
    expect(await textsOf(reader.iterate())).toEqual(texts(9));
    expect(pauses).toBe(3);
  });

  test('a segment that has its name and no header, or half of one, is not there yet', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(3));
    const last = (await segmentNames(storage)).at(-1) ?? '';
    const good = storage.bytes(last).slice();
    const reader = await openReader(storage, { show: 'written' });
    for (const bytes of [0, 100, 255]) {
      storage.bytes(last).fill(0).set(good.subarray(0, bytes));
      const halved = await openReader(storage, { show: 'written' });
      expect(await textsOf(halved.iterate())).toEqual(texts(2));
    }
    storage.bytes(last).set(good);
    expect(await textsOf(reader.iterate())).toEqual(texts(3));
    await wal.close();
  });
});

describe('what is damaged and stays so', () => {
  test('is corrupt: a batch before the durable end, a manifest, a missing segment', async () => {
    const damages: readonly ((storage: MemoryStorage, names: readonly string[]) => unknown)[] = [
      (storage, names) => storage.bytes(names[1] ?? '').fill(0xee, 600, 700),
      (storage, names) => storage.bytes(names.at(-1) ?? '').fill(0xee, 600, 700),
      (storage) => storage.bytes('wal/manifest').fill(0xee),
      (storage, names) => storage.remove(names.at(-1) ?? ''),
      (storage, names) => storage.remove(names[0] ?? ''),
    ];
    for (const damage of damages) {
      const storage = new MemoryStorage();
      const wal = await openLog(storage);
      await appendAll(wal, texts(9));
      await wal.truncateBefore(4);
      await wal.close();
      await damage(storage, await segmentNames(storage));
      const shown = async () => textsOf((await openReader(storage)).iterate());
      await expect(shown()).rejects.toMatchObject({ code: 'corrupt' });
    }
  });

  test('is found by verify', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage);
    await appendAll(wal, texts(9));
    await wal.close();
    storage.bytes((await segmentNames(storage))[1] ?? '').fill(0xee, 600, 700);
    const damages = await (await openReader(storage)).verify();
    expect(damages).toEqual([expect.stringMatching(/^0000000002-\w+\.wal at byte 512, record 3: /)]);
  });

  test('bytes of another log are never shown (I10)', async () => {
    const [mine, other] = [new MemoryStorage(), new MemoryStorage()];
    for (const [storage, text, seed] of [
      [mine, 'mine', 1],
      [other, 'foreign', 90],
    ] as const) {
      const wal = await openLog(storage, { segmentBytes: 65_536 }, seed);
      await appendAll(wal, [text, text]);
    }
    const [name = ''] = await segmentNames(mine);
    const [foreign = ''] = await segmentNames(other);
    mine.bytes(name).set(other.bytes(foreign).subarray(1024, 4096), 1536);
    const reader = await openReader(mine, { show: 'written' });
    expect(await textsOf(reader.iterate())).toEqual(['mine', 'mine']);
    expect(await readTexts(await openLog(mine.snapshot(), {}, 50))).toEqual(['mine', 'mine']);
  });
});
