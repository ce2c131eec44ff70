import { describe, expect, test } from 'vitest';
import { crashStates } from '../model/crash-states.ts';
import { takeApart } from '../model/effects.ts';
import { buildImage } from '../model/image.ts';
import { profileNamed } from '../model/profile.ts';
import { liveTree, type Recording } from '../model/recording.ts';
import type { Tree } from '../model/tree.ts';
import type { Plan } from '../plan.ts';
import {
  exploreRun,
  recordRun,
  smallOptions,
  storageOf,
  type WalRun,
  type WalStep,
} from './fixtures/wal-run.ts';
import { openSimLayer } from './layer.ts';

/** Rolls three times, has a batch of several blocks, one that is not synced, and records that share a commit. */
const work: readonly WalStep[] = [
  { payloads: ['a'], durable: true },
  { payloads: ['b', 'c', 'd'], durable: true },
  { payloads: ['x'.repeat(3000)], durable: false },
  { payloads: ['e'], durable: true },
  { payloads: ['f', 'y'.repeat(5000), 'g'], durable: true },
  { payloads: ['h'], durable: true },
];
const more: readonly WalStep[] = [
  { payloads: ['n1'], durable: true },
  { payloads: ['n2', 'n3'], durable: true },
];

const profiles = ['posix', 'hostile', 'ext4-ordered', 'xfs', 'btrfs', 'ext4-data-journal'];

/** Kills the writer of `run` before trace entry `point`: what it did is in the page cache, and a new writer goes on. */
function reopened(run: WalRun, point: number, seed: number): Promise<WalRun> {
  const { base, trace } = run.recording;
  const start = { base, trace: [...trace.slice(0, point), { kind: 'process-crash' as const }] };
  return recordRun(more, { start, before: run, seed, close: true });
}

function operationPoints({ trace }: Recording, from = 0): number[] {
  return [...trace.keys(), trace.length].filter(
    (point) => point >= from && trace[point - 1]?.kind === 'operation',
  );
}

describe('the log on the simulated disk (I1 to I10)', () => {
  test.for(profiles)('loses nothing that it promised when the power goes: %s', async (profile) => {
    const run = await recordRun(work, { close: true });
    expect(run.failure).toBeUndefined();
    for (const fault of ['power-loss', 'torn-write'] as const) {
      const { states, findings } = await exploreRun(run, profile, fault, { limit: 1500 });
      expect(findings).toEqual([]);
      if (profile !== 'btrfs' || fault !== 'torn-write') expect(states).toBeGreaterThan(40);
    }
  });

  test.for(profiles)(
    'keeps what it has not let go of, whatever of that reached the disk: %s',
    async (profile) => {
      const large: WalStep = { payloads: ['z'.repeat(3000)], durable: false };
      for (const truncateBefore of [4, 100]) {
        const run = await recordRun([...work, large, large, large], { truncateBefore });
        expect(run.failure).toBeUndefined();
        const from = run.recording.trace.length - 12;
        const { states, findings } = await exploreRun(run, profile, 'power-loss', { limit: 1000, from });
        expect(findings).toEqual([]);
        expect(states).toBeGreaterThan(12);
      }
    },
  );

  test.for(['posix', 'hostile', 'ext4-ordered'])(
    'loses nothing when it is killed anywhere, goes on with what the page cache shows, and the power goes: %s',
    async (profile) => {
      const first = await recordRun(work);
      for (const point of operationPoints(first.recording)) {
        const run = await reopened(first, point, 2);
        expect(run.failure).toBeUndefined();
        const { findings } = await exploreRun(run, profile, 'power-loss', { limit: 80, from: point });
        expect({ point, findings }).toEqual({ point, findings: [] });
      }
    },
  );

  test.for(['posix', 'hostile', 'ext4-ordered'])(
    'loses nothing when the power goes again while it recovers (I7): %s',
    async (profile) => {
      const first = await recordRun(work);
      const trace = takeApart(first.recording);
      const found = crashStates(trace, profileNamed(profile), 'torn-write', { seed: 3, limit: 600 });
      for (const state of [...found.states].filter((_, index) => index % 15 === 0)) {
        const start = { base: buildImage(trace, state), trace: [] };
        const said = first.recording.trace
          .slice(0, state.point)
          .filter(({ kind }) => kind === 'acknowledgement');
        const run = await recordRun(more, { start: { ...start, trace: said }, before: first, seed: 4 });
        expect(run.failure).toBeUndefined();
        const { findings } = await exploreRun(run, profile, 'power-loss', { limit: 100, from: said.length });
        expect({ state, findings }).toEqual({ state, findings: [] });
      }
    },
  );

  test.for(['posix', 'hostile', 'ext4-ordered'])(
    'builds on nothing that a failed barrier left in the page cache (I12): %s',
    async (profile) => {
      const { recording } = await recordRun(work, { close: true });
      const barriers = recording.trace.filter(
        (entry) => entry.kind === 'operation' && entry.operation.kind === 'sync',
      );
      for (const index of barriers.keys()) {
        const plan: Plan = [{ operation: 'sync', nth: index + 1, fault: 'fsync-error' }];
        const failed = await recordRun(work, { plan, close: true });
        expect(failed.failure).toBeInstanceOf(Error);
        const point = failed.recording.trace.length;
        const alone = await exploreRun(failed, profile, 'power-loss', { limit: 200 });
        expect({ index, findings: alone.findings }).toEqual({ index, findings: [] });
        const run = await reopened(failed, point, 5);
        expect(run.failure).toBeUndefined();
        const { findings } = await exploreRun(run, profile, 'power-loss', { limit: 200, from: point });
        expect({ index, findings }).toEqual({ index, findings: [] });
      }
    },
  );

  test.for(['posix', 'hostile', 'ext4-ordered'])(
    'ends a damaged log before the damage, also if the power goes while it does so (I7, I14): %s',
    async (profile) => {
      const first = await recordRun(work);
      for (const [number, left] of [
        [1, 1],
        [3, 6],
      ] as const) {
        const base = await damaged(first, number);
        const told = { kind: 'acknowledgement' as const, text: `durable ${left}` };
        const options = { ...smallOptions, policy: 'point-in-time' } as const;
        const run = await recordRun(more, {
          start: { base, trace: [told] },
          before: first,
          options,
          seed: 6,
        });
        expect(run.failure).toBeUndefined();
        expect(run.after.texts).toEqual([...first.after.texts.slice(0, left), 'n1', 'n2', 'n3']);
        const { states, findings } = await exploreRun(run, profile, 'power-loss', { limit: 400, from: 0 });
        expect(findings).toEqual([]);
        expect(states).toBeGreaterThan(20);
      }
    },
  );
});

/** What a run left, with one of its segments damaged in the middle. */
async function damaged(run: WalRun, number: number): Promise<Tree> {
  const layer = openSimLayer(['data']);
  await layer.begin({ base: liveTree(run.recording), trace: [] }, []);
  const storage = storageOf(layer.place);
  const name = (await storage.list('wal')).find((each) => each.startsWith(`000000000${number}-`));
  const file = await storage.open(`wal/${name}`, 'write');
  await file.write([new Uint8Array(100).fill(0xee)], 8192);
  const { recording } = await layer.end();
  await layer.close();
  return liveTree(recording);
}
