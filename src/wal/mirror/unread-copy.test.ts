import { describe, expect, test } from 'vitest';
import { appendAll, readTexts, texts } from '../fixtures/log.ts';
import type { WalOptions } from '../options.ts';
import type { MemoryStorage } from '../storage/memory-storage.ts';
import { type Storage, StorageError } from '../storage.ts';
import { Wal } from '../wal.ts';
import { momentsOf, openMirrored, snapshots, twoDisks } from './fixtures/disks.ts';

const options: WalOptions = { segmentBytes: 2048, prepareAhead: true };

/**
 * A disk whose segments cannot be read for now; they can be written. `how`: they cannot be opened, or not the first time, or every read
 * gives EIO.
 */
function unread(disk: Storage, how: 'open' | 'open once' | 'read'): Storage {
  const opened = new Set<string>();
  const refuse = async () => {
    throw new StorageError('io', 'it cannot be read', { errno: 'EIO' });
  };
  return {
    description: disk.description,
    async open(path, mode) {
      const isRefused = mode === 'read' && path.endsWith('.wal');
      const isFirst = !opened.has(path);
      opened.add(path);
      if (isRefused && (how === 'open' || (how === 'open once' && isFirst))) return refuse();
      const file = await disk.open(path, mode);
      return isRefused && how === 'read'
        ? Object.assign(Object.create(file), { read: refuse, readBack: refuse })
        : file;
    },
    list: (path) => disk.list(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    lock: (path) => disk.lock(path),
  };
}

/** A call that had come to its end when the next one was made. */
function isBarrierOf(disk: string, call: string): boolean {
  return call.startsWith(`${disk}: sync`);
}

/** A disk that wrote all of `now` but the first blocks of its segments, which are as they were `before`. */
async function withHeadersOf(before: MemoryStorage, now: MemoryStorage): Promise<MemoryStorage> {
  const torn = now.snapshot();
  const known = await before.list('wal').catch((): string[] => []);
  for (const name of await torn.list('wal').catch((): string[] => [])) {
    const path = `wal/${name}`;
    if (name.endsWith('.wal') && known.includes(name))
      torn.bytes(path).set(before.bytes(path).subarray(0, 512));
  }
  return torn;
}

describe('a mirrored log of which one copy cannot be read when it is opened', () => {
  test.for([
    ['first', 'open'],
    ['first', 'open once'],
    ['first', 'read'],
    ['second', 'open'],
    ['second', 'open once'],
    ['second', 'read'],
  ] as const)('the %s, by %s: shows the same once it can be read again (I6)', async ([copy, how]) => {
    const moments = await momentsOf(twoDisks(), 0, async (watched, acknowledge) => {
      const wal = await openMirrored(watched, options);
      for (const count of [1, 2, 3, 4, 5]) {
        await appendAll(wal, texts(1, count));
        acknowledge(count);
      }
      await wal.close();
      const again = await openMirrored(watched, options, 50);
      await appendAll(again, texts(1, 6));
      acknowledge(6);
    });
    const other = copy === 'first' ? 'second' : 'first';
    let shorter = 0;
    for (const [now, { call, disks, acknowledged }] of moments.entries()) {
      // What the other one was asked for since a barrier may not have come to it.
      for (let back = 0; back <= now; back++) {
        const before = moments[now - back];
        if (before === undefined || before.acknowledged !== acknowledged) break;
        if (back > 0 && isBarrierOf(other, before.call)) break;
        const cuts = [before.disks[other].snapshot(), await withHeadersOf(before.disks[other], disks[other])];
        for (const cut of cuts) {
          const left = { ...snapshots(disks), [other]: cut };
          const all = await readTexts(await openMirrored(snapshots(left), options, 100));
          const opened = openMirrored({ ...left, [copy]: unread(left[copy], how) }, options, 120);
          const wal = await opened.catch((error: unknown) => error);
          // A segment that the other one does not have at all: it says so, and shows nothing.
          if (!(wal instanceof Wal)) {
            expect(wal).toMatchObject({ code: expect.stringMatching(/^(io|corrupt)$/) });
            continue;
          }
          const shown = await readTexts(wal);
          if (shown.length < all.length) shorter++;
          const again = await readTexts(await openMirrored(snapshots(left), options, 140));
          const seen = { call, back, again, isGood: shown.length >= acknowledged };
          expect(seen).toEqual({ call, back, again: shown, isGood: true });
        }
      }
    }
    expect(shorter).toBeGreaterThan(0);
  });
});
