import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import type { Storage } from '../storage.ts';
import { type CursorSlot, decodeCursorSlot, encodeCursorSlot } from './cursor-slot.ts';
import { Cursors, highestCursorLsn, lowerCursors } from './cursors.ts';

const logId = new Uint8Array(16).fill(7);
const path = 'wal/cursor-mail';

function place(storage: Storage) {
  return { storage, directory: 'wal', logId, now: () => 1000 };
}

/** The cursors of a log whose records from 1 to `durable` are durable. */
function cursorsOf(storage: Storage, durable = 100, first = 1): Cursors {
  return new Cursors(place(storage), {
    firstLsn: () => first,
    durableLsn: () => durable,
    guard: (work) => work(),
  });
}

async function emptyStorage(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.makeDirectory('wal');
  return storage;
}

async function reopened(storage: MemoryStorage, name = 'mail'): Promise<number> {
  return (await cursorsOf(storage.snapshot()).open(name)).lsn;
}

describe('a slot of a cursor', () => {
  const slot: CursorSlot = { generation: 12, logId, lsn: 2 ** 40 + 5, writtenAtMs: 1_700_000_000_000 };

  test('comes back as it was written, in its own log only (I10)', () => {
    expect(decodeCursorSlot(encodeCursorSlot(slot), logId)).toEqual(slot);
    expect(decodeCursorSlot(encodeCursorSlot(slot), new Uint8Array(16).fill(8))).toBeUndefined();
  });

  property.prop([fc.nat({ max: 128 * 8 - 1 })])('is not valid with any bit flipped', (bit) => {
    const bytes = encodeCursorSlot(slot);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(decodeCursorSlot(bytes, logId)).toBeUndefined();
  });
});

describe('a cursor', () => {
  test('starts at the start of the log, is one object for its name, and is there again', async () => {
    const storage = await emptyStorage();
    const cursors = cursorsOf(storage, 100, 11);
    const [cursor, same] = await Promise.all([cursors.open('mail'), cursors.open('mail')]);
    expect(same).toBe(cursor);
    expect(cursor.lsn).toBe(10);
    await cursor.advance(42);
    await cursor.advance(17);
    expect(cursor.lsn).toBe(42);
    expect(await reopened(storage)).toBe(42);
    expect(await cursors.lowest()).toBe(42);
    await cursors.close();
    await expect(cursor.advance(43)).rejects.toMatchObject({ code: 'closed' });
  });

  test('goes no further than what is durable, and has a name that can be a file', async () => {
    const cursors = cursorsOf(await emptyStorage());
    const cursor = await cursors.open('mail');
    for (const lsn of [101, -1, 1.5]) await expect(cursor.advance(lsn)).rejects.toThrow(/at most 100/);
    for (const name of ['', 'a/b', 'A', '..', 'x'.repeat(65)])
      expect(() => cursors.open(name)).toThrow(/expected 1 to 64/);
    await cursors.close();
  });

  test('advances at once share writes: the first goes, all others wait for one more', async () => {
    const calls: string[] = [];
    const cursors = cursorsOf(watch(await emptyStorage(), (call) => void calls.push(call)));
    const cursor = await cursors.open('mail');
    calls.length = 0;
    const first = cursor.advance(1);
    await Promise.resolve();
    await Promise.all([first, ...Array.from({ length: 50 }, (_, index) => cursor.advance(index + 2))]);
    expect(cursor.lsn).toBe(51);
    expect(calls.filter((call) => call.startsWith('write')).length).toBeLessThanOrEqual(2);
    await cursors.close();
  });

  test('either slot may be lost: the other is a cursor too; with none it stands at the start', async () => {
    const storage = await emptyStorage();
    const cursor = await cursorsOf(storage).open('mail');
    for (const lsn of [5, 6, 7]) await cursor.advance(lsn);
    const found = [];
    for (const offsets of [[0], [16_384], [0, 16_384]]) {
      const copy = storage.snapshot();
      for (const offset of offsets) copy.bytes(path).fill(0xee, offset, offset + 128);
      found.push(await reopened(copy));
      const again = await cursorsOf(copy).open('mail');
      await again.advance(9);
      expect(await reopened(copy)).toBe(9);
    }
    expect(found.sort()).toEqual([0, 6, 7]);
  });

  test('a new writer counts on what the medium has, and leaves the newest slot there alone', async () => {
    const storage = await emptyStorage();
    const cursor = await cursorsOf(storage).open('mail');
    for (const lsn of [5, 6]) await cursor.advance(lsn);
    const medium = storage.snapshot();
    await cursor.advance(7);
    // The last write is in the page cache alone: its barrier failed, and a later one answers without writing it.
    const cached: Storage = {
      ...watch(storage, () => undefined),
      async open(name, mode) {
        const [file, below] = await Promise.all([storage.open(name, mode), medium.open(name, mode)]);
        return { ...file, readBack: (buffer, position) => below.read(buffer, position) };
      },
    };
    const again = await cursorsOf(cached).open('mail');
    expect(again.lsn).toBe(6);
    await again.advance(8);
    const lsnAt = (bytes: Uint8Array, offset: number) =>
      decodeCursorSlot(bytes.subarray(offset, offset + 128), logId)?.lsn;
    const newest = lsnAt(medium.bytes(path), 0) === 6 ? 0 : 16_384;
    expect(lsnAt(storage.bytes(path), newest)).toBe(6);
    expect(lsnAt(storage.bytes(path), 16_384 - newest)).toBe(8);
  });

  test('is removed with its file, and then starts anew', async () => {
    const storage = await emptyStorage();
    const cursors = cursorsOf(storage);
    const cursor = await cursors.open('mail');
    await cursor.advance(8);
    await cursor.remove();
    expect(await storage.list('wal')).toEqual([]);
    expect(await cursors.lowest()).toBeUndefined();
    await expect(cursor.advance(9)).rejects.toThrow(/was removed/);
    expect((await cursors.open('mail')).lsn).toBe(0);
    await cursors.close();
  });

  test('is lowered in both slots before the log is cut, and held there meanwhile (I18)', async () => {
    const storage = await emptyStorage();
    const cursors = cursorsOf(storage);
    const cursor = await cursors.open('mail');
    await (await cursors.open('slow')).advance(3);
    await cursor.advance(50);
    await cursors.lower(20, async () => {
      for (const offset of [0, 16_384]) {
        const copy = storage.snapshot();
        copy.bytes(path).fill(0xee, offset, offset + 128);
        expect(await reopened(copy)).toBe(20);
      }
      await expect(cursor.advance(21)).rejects.toThrow(/at most 20/);
    });
    expect([cursor.lsn, await cursors.lowest()]).toEqual([20, 3]);
    await cursor.advance(21);
    expect(cursor.lsn).toBe(21);
  });
});

describe('what cursors say to a recovery', () => {
  test('is the highest LSN of all of this log, and can be lowered', async () => {
    const storage = await emptyStorage();
    const cursors = cursorsOf(storage);
    for (const [name, lsn] of [
      ['mail', 50],
      ['index', 70],
      ['broken', 90],
    ] as const)
      await (await cursors.open(name)).advance(lsn);
    storage.bytes('wal/cursor-broken').fill(0);
    const names = await storage.list('wal');
    expect(await highestCursorLsn(place(storage), names, logId)).toBe(70);
    expect(await highestCursorLsn(place(storage), names, new Uint8Array(16))).toBe(0);
    await lowerCursors(place(storage), logId, () => 1000, 60);
    expect(await highestCursorLsn(place(storage), names, logId)).toBe(60);
    expect(await reopened(storage)).toBe(50);
  });

  test('is what any copy of a mirrored file says', async () => {
    const storage = await emptyStorage();
    const cursor = await cursorsOf(storage).open('mail');
    for (const lsn of [5, 6]) await cursor.advance(lsn);
    const copies = [storage, storage.snapshot()];
    copies[0]?.bytes(path).fill(0);
    const mirrored: Storage = {
      ...watch(storage, () => undefined),
      async open(name, mode) {
        const [one, other] = await Promise.all(copies.map((copy) => copy.open(name, mode)));
        if (one === undefined || other === undefined) throw new Error('two copies');
        return { ...one, copies: [one, other] };
      },
    };
    expect(await highestCursorLsn(place(mirrored), ['cursor-mail'], logId)).toBe(6);
  });
});
