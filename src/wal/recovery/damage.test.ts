import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { WalError } from '../errors.ts';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { batchHeaderBytes, recordHeaderBytes } from '../format.ts';
import type { WalOptions } from '../options.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { type Storage, StorageError } from '../storage.ts';

const oneSegment: WalOptions = { segmentBytes: 16 * 512 };

/** A log with one batch a record, and what a new process finds if its writer is killed, or has closed it. */
async function written(count: number, options: WalOptions = {}) {
  const storage = new MemoryStorage();
  const wal = await openLog(storage, options);
  await appendAll(wal, texts(count));
  const killed = storage.snapshot();
  await wal.close();
  return { killed, closed: storage };
}

async function lastSegment(storage: Storage): Promise<string> {
  return (await segmentNames(storage)).at(-1) ?? '';
}

/** What opening shows, or the row of the table that refused, or another error's code. */
async function look(storage: Storage, options: WalOptions = {}) {
  try {
    const wal = await openLog(storage, options, 100);
    try {
      return { row: wal.recovery.row, texts: await readTexts(wal) };
    } finally {
      await wal.close();
    }
  } catch (error) {
    if (error instanceof WalError) return { row: error.report?.row ?? error.code, texts: undefined };
    throw error;
  }
}

describe('a log that is cut at any byte', () => {
  test.for(['zeros', 'garbage'])('%s from there on: shows exactly the batches before', async (filler) => {
    const { killed } = await written(4, oneSegment);
    const name = await lastSegment(killed);
    const original = killed.bytes(name).slice();
    const batchBytes = batchHeaderBytes + recordHeaderBytes + 2;
    for (let cut = 512; cut < 5 * 512 + 8; cut++) {
      const copy = killed.snapshot();
      const bytes = copy.bytes(name);
      bytes.fill(filler === 'zeros' ? 0 : 0xa5, cut, cut + 1024);
      bytes.fill(0, cut + 1024);
      if (filler === 'zeros') bytes.fill(0, cut);
      const whole = [1, 2, 3, 4].filter((batch) => {
        const content = original.subarray(512 * batch, 512 * batch + batchBytes);
        return content.every((byte, at) => byte === bytes[512 * batch + at]);
      }).length;
      const found = await look(copy);
      expect({ cut, texts: found.texts }).toEqual({ cut, texts: texts(whole) });
      expect(['end', 'torn']).toContain(found.row);
    }
  });

  test('a file that ends there is corrupt: no crash shortens a segment', async () => {
    const { killed } = await written(4, oneSegment);
    const name = await lastSegment(killed);
    for (let cut = 256; cut < 16 * 512; cut += 97) {
      const copy = killed.snapshot();
      await (await copy.open(name, 'write')).truncate(cut);
      expect({ cut, ...(await look(copy)) }).toEqual({ cut, row: 'file-short', texts: undefined });
    }
  });
});

describe('a flipped bit', () => {
  /** Any bit of any file. */
  async function flip(storage: MemoryStorage, choice: number): Promise<string> {
    const names = ['wal/manifest', ...(await segmentNames(storage))];
    const name = names[choice % names.length] ?? '';
    const bytes = storage.bytes(name);
    const bit = Math.floor(choice / names.length) % (bytes.length * 8);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return `${name} byte ${bit >> 3}`;
  }

  property.prop([fc.nat()], { numRuns: 400 })(
    'in a closed log costs nothing, or is reported',
    async (choice) => {
      const { closed } = await written(5);
      const where = await flip(closed, choice);
      const found = await look(closed);
      expect({ where, texts: found.texts ?? texts(5) }).toEqual({ where, texts: texts(5) });
    },
  );

  property.prop([fc.nat()], { numRuns: 400 })(
    'in a log that was killed costs at most the last batch, and is never silent',
    async (choice) => {
      const { killed } = await written(5);
      const where = await flip(killed, choice);
      const found = await look(killed);
      const isLastLost = found.row === 'torn' && found.texts?.length === 4;
      expect({ where, texts: found.texts ?? texts(5) }).toEqual({ where, texts: texts(isLastLost ? 4 : 5) });
    },
  );

  test('far from the end is found when it is read, and by verify', async () => {
    const { closed } = await written(9);
    const [first = ''] = await segmentNames(closed);
    const bytes = closed.bytes(first);
    bytes[512 + 88 + 12] = 0;
    const wal = await openLog(closed, {}, 100);
    await expect(readTexts(wal)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(first),
    });
    expect(await wal.verify()).toEqual([expect.stringContaining('at byte 512, record 1: damaged body')]);
    expect(await readTexts(wal, 3)).toEqual(texts(7, 3));
    await wal.close();
  });
});

interface Case {
  readonly row: string;
  /** How many records are before the damage. */
  readonly left: number;
  /** LSN of the oldest record, if it is not 1. */
  readonly floorLsn?: number;
  readonly options?: WalOptions;
  make(): Promise<Storage>;
}

const removed = async (index: number) => {
  const { killed } = await written(9);
  await killed.remove((await segmentNames(killed)).at(index) ?? '');
  return killed;
};

/** Small enough that its limit can be exceeded within one segment. */
const tightOptions: WalOptions = { ...oneSegment, batchBytesMax: 1024, unsyncedBytesMax: 2048 };

const cases: readonly Case[] = [
  {
    row: 'read-failed',
    left: 1,
    async make() {
      const { killed } = await written(3, oneSegment);
      return unreadable(killed, await lastSegment(killed), 1024);
    },
  },
  {
    row: 'file-short',
    left: 3,
    async make() {
      const { killed } = await written(3, oneSegment);
      await (await killed.open(await lastSegment(killed), 'write')).truncate(15 * 512);
      return killed;
    },
  },
  { row: 'covered', left: 2, make: () => removed(1) },
  { row: 'covered', left: 0, make: () => removed(0) },
  { row: 'published', left: 8, make: () => removed(-1) },
  {
    row: 'manifest-beyond',
    left: 2,
    async make() {
      const { closed } = await written(3, oneSegment);
      closed.bytes(await lastSegment(closed)).fill(0, 3 * 512);
      return closed;
    },
  },
  {
    // The floor's segment was durable before it became the floor.
    row: 'manifest-beyond',
    left: 4,
    floorLsn: 5,
    async make() {
      const { closed } = await written(4);
      const wal = await openLog(closed, {}, 100);
      await appendAll(wal, texts(1, 5));
      await wal.truncateBefore(5);
      const killed = closed.snapshot();
      killed.bytes(await lastSegment(killed)).fill(0);
      await wal.close();
      return killed;
    },
  },
  {
    row: 'known-beyond',
    left: 3,
    options: { knownDurableLsn: 4 },
    make: async () => (await written(3, oneSegment)).killed,
  },
  {
    row: 'promised',
    left: 1,
    async make() {
      const { killed } = await written(3, oneSegment);
      killed.bytes(await lastSegment(killed)).fill(0, 2 * 512, 3 * 512);
      return killed;
    },
  },
  {
    // The header of the last segment is gone, and its second batch shows that it was durable.
    row: 'promised',
    left: 2,
    async make() {
      const { killed } = await written(4);
      killed.bytes(await lastSegment(killed)).fill(0, 0, 512);
      return killed;
    },
  },
  {
    row: 'too-long',
    left: 2,
    async make() {
      const { killed } = await written(3, tightOptions);
      killed.bytes(await lastSegment(killed)).fill(0xa5, 3 * 512, 3 * 512 + 2049);
      return killed;
    },
  },
];

/** A storage on which one byte of a file cannot be read. */
function unreadable(storage: Storage, path: string, at: number): Storage {
  const watched = watch(storage, () => undefined);
  return {
    ...watched,
    async open(opened, mode) {
      const file = await watched.open(opened, mode);
      if (opened !== path) return file;
      return {
        ...file,
        async read(buffer, position) {
          if (position <= at && position + buffer.length > at)
            throw new StorageError('io', 'a sector cannot be read', { errno: 'EIO' });
          return file.read(buffer, position);
        },
      };
    },
  };
}

describe('damage that may have been acknowledged', () => {
  test.for(cases)(
    '$row: is refused, with a report, and nothing is changed',
    async ({ row, left, options, make }) => {
      const storage = await make();
      const names = await storage.list('wal');
      for (let round = 0; round < 2; round++) {
        const refusal = await openLog(storage, options, 100).catch((error: unknown) => error);
        expect(refusal).toMatchObject({
          code: 'corrupt',
          report: {
            tail: 'corrupt',
            row,
            nextLsn: left + 1,
            damage: expect.stringContaining(`record ${left + 1}`),
          },
        });
        expect(await storage.list('wal')).toEqual(names);
      }
    },
  );

  test.for(cases)(
    '$row: with point-in-time the log ends before it, and nothing is deleted',
    async ({ row, left, floorLsn = 1, options, make }) => {
      const storage = await make();
      const shown = texts(left - floorLsn + 1, floorLsn);
      const names = await storage.list('wal');
      const repair = { policy: 'point-in-time', ...options } as const;
      const wal = await openLog(storage, repair, 100);
      expect(wal.recovery).toMatchObject({ tail: 'corrupt', row, nextLsn: left + 1 });
      expect(await readTexts(wal)).toEqual(shown);
      const kept = (await storage.list('wal')).map((name) => name.replace('.quarantine', ''));
      expect(kept).toEqual(expect.arrayContaining(names));
      expect(await wal.appendDurable(encode('new'))).toBe(left + 1);
      await wal.close();
      expect(await look(storage)).toEqual({ row: 'clean', texts: [...shown, 'new'] });
    },
  );

  test('point-in-time finds damage in any segment, and ends the log there', async () => {
    const { closed } = await written(9);
    closed.bytes((await segmentNames(closed))[2] ?? '').fill(0xee, 1024 + 88 + 4, 1024 + 88 + 6);
    const wal = await openLog(closed, { policy: 'point-in-time' }, 100);
    expect(wal.recovery).toMatchObject({
      tail: 'corrupt',
      nextLsn: 6,
      stop: { position: 1024, fault: 'damaged body' },
    });
    expect(wal.recovery.quarantined).toHaveLength(2);
    expect(await readTexts(wal)).toEqual(texts(5));
    await appendAll(wal, ['new']);
    expect(await wal.verify()).toEqual([]);
    await wal.close();
    expect(await look(closed)).toEqual({ row: 'clean', texts: [...texts(5), 'new'] });
  });

  test('point-in-time leaves a sound log alone', async () => {
    const { killed, closed } = await written(9);
    expect(await look(closed, { policy: 'point-in-time' })).toEqual({ row: 'clean', texts: texts(9) });
    expect(await look(killed, { policy: 'point-in-time' })).toEqual({ row: 'end', texts: texts(9) });
  });
});

describe('bytes from elsewhere are never shown (I10)', () => {
  test('a batch in the wrong place', async () => {
    const { killed } = await written(3, oneSegment);
    const bytes = killed.bytes(await lastSegment(killed));
    bytes.copyWithin(4 * 512, 3 * 512, 4 * 512);
    expect(await look(killed)).toEqual({ row: 'torn', texts: texts(3) });
  });

  test('a batch of another segment in the right place', async () => {
    const { killed } = await written(3);
    const [first = '', second = ''] = await segmentNames(killed);
    killed.bytes(second).set(killed.bytes(first).subarray(1024, 1536), 1024);
    expect(await look(killed)).toEqual({ row: 'torn', texts: texts(3) });
  });

  test('a segment of another log under the name of its own', async () => {
    const { killed } = await written(1);
    const other = new MemoryStorage();
    const wal = await openLog(other, {}, 30);
    await appendAll(wal, ['foreign']);
    const file = await killed.open('wal/0000000002-1f1f1f1f1f1f.wal', 'create');
    await file.write([other.bytes(await lastSegment(other))], 0);
    const found = await look(killed);
    expect(found).toEqual({ row: 'torn', texts: texts(1) });
    await wal.close();
  });

  test('a superseded segment that comes back', async () => {
    const { killed } = await written(3);
    const old = await lastSegment(killed);
    const bytes = killed.bytes(old).slice();
    const wal = await openLog(killed, {}, 100);
    expect(wal.recovery).toMatchObject({ tail: 'end', movedRecords: 1 });
    expect(await killed.list('wal')).not.toContain(old.slice(4));
    await appendAll(wal, ['r4']);
    const left = killed.snapshot();
    await (await left.open(old, 'create')).write([bytes], 0);
    expect(await look(left)).toEqual({ row: 'end', texts: texts(4) });
    expect(await left.list('wal')).not.toContain(old.slice(4));
    await wal.close();
  });
});

describe('the manifest', () => {
  test('any one slot may be lost, at any time (I13)', async () => {
    const { killed, closed } = await written(9);
    for (const storage of [killed, closed]) {
      for (const slot of [0, 16_384]) {
        const copy = storage.snapshot();
        copy.bytes('wal/manifest').fill(0xee, slot, slot + 256);
        expect((await look(copy)).texts).toEqual(texts(9));
      }
    }
    const wal = await openLog(closed, {}, 100);
    await wal.truncateBefore(5);
    for (const slot of [0, 16_384]) {
      const copy = closed.snapshot();
      copy.bytes('wal/manifest').fill(0xee, slot, slot + 256);
      expect((await look(copy)).texts).toEqual(texts(5, 5));
    }
    await wal.close();
  });

  test('without it, or with both slots damaged, the log refuses to start again at 1', async () => {
    const { closed } = await written(3);
    const copy = closed.snapshot();
    await copy.remove('wal/manifest');
    expect((await look(copy)).row).toBe('corrupt');
    closed.bytes('wal/manifest').fill(0xee);
    expect((await look(closed)).row).toBe('corrupt');
    expect(await closed.list('wal')).toHaveLength(3);
  });
});
