import { describe, expect, test } from 'vitest';
import { appendAll, readTexts, texts } from '../fixtures/log.ts';
import type { WalOptions } from '../options.ts';
import {
  type Moment,
  momentsOf,
  openMirrored,
  snapshots,
  type TwoDisks,
  twoDisks,
} from './fixtures/disks.ts';
import { contentOf, lookTwice } from './fixtures/looks.ts';

const options: WalOptions = { segmentBytes: 2048 };

/** Two writers: the first is killed, the second moves what is unsure, goes on and closes. */
async function twoWriters(): Promise<Moment[]> {
  const disks = twoDisks();
  const before = await momentsOf(disks, 0, async (watched, acknowledge) => {
    const wal = await openMirrored(watched, options);
    for (const count of [1, 2, 3]) {
      await appendAll(wal, texts(1, count));
      acknowledge(count);
    }
  });
  const after = await momentsOf(snapshots(disks), 3, async (watched, acknowledge) => {
    const wal = await openMirrored(watched, options, 50);
    expect(wal.recovery.movedRecords).toBe(1);
    await appendAll(wal, texts(2, 4));
    acknowledge(5);
    await wal.close();
  });
  return [...before, ...after];
}

function isPrefix(shown: readonly string[], acknowledged: number): boolean {
  return shown.length >= acknowledged && shown.join() === texts(shown.length).join();
}

describe('a mirrored log that is killed', () => {
  test('at any call: shows what was acknowledged, and needs one recovery (I7, I15)', async () => {
    const moments = await twoWriters();
    expect(moments.length).toBeGreaterThan(80);
    for (const { call, disks, acknowledged } of moments) {
      const shown = await lookTwice(snapshots(disks), options);
      expect({ call, shown, isGood: isPrefix(shown, acknowledged) }).toMatchObject({ isGood: true });
    }
  });

  test.for(['first', 'second'] as const)(
    'while the %s disk has been lying about its barriers since any call: loses nothing',
    async (liar) => {
      const moments = await twoWriters();
      for (const [now, { call, disks, acknowledged }] of moments.entries()) {
        for (const since of new Set([now % 7, now >> 1, now - 3])) {
          const old = moments[since];
          if (old === undefined) continue;
          const shown = await lookTwice({ ...snapshots(disks), [liar]: old.disks[liar].snapshot() }, options);
          const seen = { call, since, shown, isGood: isPrefix(shown, acknowledged) };
          expect(seen).toMatchObject({ isGood: true });
        }
      }
    },
  );

  test('while it mends, or makes a copy anew: mends again, and loses nothing (I17)', async () => {
    const whole = twoDisks();
    const wal = await openMirrored(whole, options);
    await appendAll(wal, texts(5));
    await wal.close();
    const names = (await whole.first.list('wal')).filter((name) => name.endsWith('.wal'));
    const damages: Readonly<Record<string, (disks: TwoDisks) => Promise<void>>> = {
      'a header': async ({ first }) => void first.bytes(`wal/${names[1]}`).fill(9, 0, 200),
      'the last segment': async ({ second }) => void second.bytes(`wal/${names[2]}`).fill(0, 512, 1024),
      'a manifest': async ({ first }) => void first.bytes('wal/manifest').fill(0),
      'a segment that is gone': ({ second }) => second.remove(`wal/${names[0]}`),
      'a manifest that is gone': ({ first }) => first.remove('wal/manifest'),
    };
    for (const [what, damage] of Object.entries(damages)) {
      const disks = snapshots(whole);
      await damage(disks);
      const moments = await momentsOf(disks, 5, async (watched) => {
        const opened = await openMirrored(watched, options, 100);
        expect(await readTexts(opened)).toEqual(texts(5));
        expect(opened.recovery.mended.length + opened.recovery.warnings.length).toBeGreaterThan(0);
        await opened.close();
      });
      for (const moment of moments) {
        const shown = await lookTwice(snapshots(moment.disks), options);
        expect({ what, call: moment.call, shown }).toEqual({ what, call: moment.call, shown: texts(5) });
      }
      expect(await contentOf(disks.first)).toEqual(await contentOf(disks.second));
    }
  });
});
