import { describe, expect, test } from 'vitest';
import { crashStates } from '../model/crash-states.ts';
import { takeApart } from '../model/effects.ts';
import { buildImage } from '../model/image.ts';
import { profileNamed } from '../model/profile.ts';
import type { Recording } from '../model/recording.ts';
import type { Plan } from '../plan.ts';
import { exploreRun, recordRun, type WalRun, type WalStep } from './fixtures/wal-run.ts';

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
});
