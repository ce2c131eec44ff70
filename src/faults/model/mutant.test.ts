import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveDisk } from '../volume.ts';
import { addedStates } from './added-states.ts';
import { crashStates } from './crash-states.ts';
import { takeApart } from './effects.ts';
import { create, fdatasync, fsync, fsyncdir, program, write } from './fixtures/programs.ts';
import { long, recordings, short } from './fixtures/recordings.ts';
import { KeyedImages } from './keyed-images.ts';
import { coverOf, durableEffects, type Mutant, orderOf, withoutBarriers } from './mutant.ts';
import { never } from './order.ts';
import { profileNamed } from './profile.ts';
import type { Recording } from './recording.ts';
import { emptyTree } from './tree.ts';

const anyProfile = fc.constantFrom('posix', 'hostile', 'ext4-ordered', 'ext4-data-journal', 'xfs', 'btrfs');
const anyCut = fc.constantFrom('power-loss' as const, 'torn-write' as const);

function syncsOf({ trace }: Recording): number[] {
  return trace.flatMap((step, entry) =>
    step.kind === 'operation' && step.operation.kind === 'sync' ? [entry] : [],
  );
}

function mutantOf(recording: Recording, leftOut: readonly number[], profile = 'posix'): Mutant {
  return {
    whole: takeApart(recording),
    mutant: takeApart(withoutBarriers(recording, new Set(leftOut))),
    profile: profileNamed(profile),
    fault: 'power-loss',
  };
}

/** Some of the barriers, chosen by the bits of `choice`. */
function some(recording: Recording, choice: number): number[] {
  return syncsOf(recording).filter((_, index) => ((choice >> index) & 1) === 1);
}

describe('the states that leaving barriers out adds', () => {
  it('are distinct, no more than wanted, the same for the same seed, and each loses what was durable', () => {
    fc.assert(
      fc.property(
        recordings(long),
        anyProfile,
        anyCut,
        fc.nat(255),
        fc.integer({ min: 1, max: 60 }),
        (recording, profile, fault, choice, limit) => {
          const mutant = { ...mutantOf(recording, some(recording, choice), profile), fault };
          const durable = durableEffects(orderOf(mutant.whole, mutant.profile, fault));
          const { states } = addedStates(mutant, { seed: 1, limit });
          expect(states.length).toBeLessThanOrEqual(limit);
          expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(states.length);
          expect(addedStates(mutant, { seed: 1, limit }).states).toEqual(states);
          for (const { lost, point } of states)
            expect(lost.some((id) => (durable[id] ?? never) < point)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are all of them where they can be counted', () => {
    fc.assert(
      fc.property(recordings(short), anyProfile, fc.nat(15), (recording, profile, choice) => {
        const mutant = mutantOf(recording, some(recording, choice), profile);
        const settings = { seed: 1, limit: 100_000 };
        const keys = (trace: Mutant['whole']) =>
          [...crashStates(trace, mutant.profile, mutant.fault, settings).states].map((state) =>
            JSON.stringify(state),
          );
        const before = new Set(keys(mutant.whole));
        const added = keys(mutant.mutant).filter((key) => !before.has(key));
        const found = addedStates(mutant, settings);
        expect(found.legalStates).toBe(found.states.length);
        expect(found.states.map((state) => JSON.stringify(state)).sort()).toEqual(added.sort());
      }),
      { numRuns: 60 },
    );
  });
});

describe('coverOf', () => {
  const log = [create(2, 'log'), fsyncdir(), write(2, 'x')];

  it('names the barrier that had made it all durable before, or that does so at once after', () => {
    expect(coverOf(mutantOf(program(...log, fsync(2), fsync(2)), [4]), new Set([4]))).toEqual(new Set([3]));
    expect(coverOf(mutantOf(program(...log, fsync(2), fsync(2)), [3]), new Set([3]))).toEqual(new Set([4]));
  });

  it('is undefined where something comes in between, or nothing covers it', () => {
    const between = program(...log, fsync(2), write(2, 'y', 512), fsync(2));
    expect(coverOf(mutantOf(between, [3]), new Set([3]))).toBeUndefined();
    expect(coverOf(mutantOf(program(...log, fsync(2)), [3]), new Set([3]))).toBeUndefined();
  });

  it('knows what the profile covers beside: on ext4 an fsync of the file commits its name, too', () => {
    const recording = program(...log, fdatasync(2));
    expect(coverOf(mutantOf(recording, [1], 'ext4-ordered'), new Set([1]))).toBeUndefined();
    const named = program(create(2, 'log'), fsync(2), fsyncdir());
    expect(coverOf(mutantOf(named, [2], 'ext4-ordered'), new Set([2]))).toBeDefined();
    expect(coverOf(mutantOf(named, [2], 'posix'), new Set([2]))).toBeUndefined();
  });

  it('is right: where there is a cover, every image of a crash could be there before', () => {
    fc.assert(
      fc.property(recordings(short), anyProfile, fc.nat(15), (recording, profile, choice) => {
        const leftOut = some(recording, choice);
        const mutant = mutantOf(recording, leftOut, profile);
        if (coverOf(mutant, new Set(leftOut)) === undefined) return;
        const images = (trace: Mutant['whole']) => {
          const keyed = new KeyedImages(trace);
          const { states } = crashStates(trace, mutant.profile, mutant.fault, { seed: 1, limit: 100_000 });
          return new Set([...states].map((state) => keyed.keyOf(state)));
        };
        expect([...images(mutant.mutant)].sort()).toEqual([...images(mutant.whole)].sort());
      }),
      { numRuns: 80 },
    );
  });
});

it('a disk without a volatile cache does not stand in for a barrier that nobody issued', () => {
  const { base, trace } = program(create(2, 'log'), fsyncdir(), write(2, 'x'), fsync(2));
  const recording: Recording = { base, trace, device: { volatileCache: false } };
  expect(coverOf(mutantOf(recording, [3]), new Set([3]))).toBeUndefined();
  expect(addedStates(mutantOf(recording, [3]), { seed: 1, limit: 100 }).states).not.toEqual([]);
});

it('nobody who asks the disk can tell a barrier that does nothing from one that works', () => {
  const shown = [[], [{ operation: 'sync' as const, fault: 'lost-fsync' as const }]].map((plan) => {
    const start: Recording = { base: emptyTree(['data']), trace: [] };
    const now = () => ({ seconds: 7, nanoseconds: 0 });
    const { names, files, tree } = new LiveDisk({ start, now, plan });
    const [parent = 0] = tree.roots.values();
    const { number } = names.create(parent, 'log', { kind: 'file', mode: 0o644 });
    const file = files.open(number, { writable: true });
    files.write(file, 0, Buffer.from('record'));
    files.sync(file, 'fsync');
    return (['read', 'readBack'] as const).map((read) => {
      const bytes = Buffer.alloc(16);
      return bytes.subarray(0, files[read](file, 0, bytes)).toString();
    });
  });
  expect(shown).toEqual(Array(2).fill(['record', 'record']));
});
