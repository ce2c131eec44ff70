import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CrashFault, crashPoints, crashStates, isTorn } from './crash-states.ts';
import { type EffectTrace, takeApart } from './effects.ts';
import { litmus } from './fixtures/litmus.ts';
import { create, fsync, program, write } from './fixtures/programs.ts';
import { long, recordings, short } from './fixtures/recordings.ts';
import { type CrashState, Images } from './image.ts';
import { imageKey } from './image-key.ts';
import { buildOrder, type Order } from './order.ts';
import { allChoices, isLegal, pendingAt } from './pending.ts';
import { profileNamed } from './profile.ts';
import type { Recording } from './recording.ts';

const profiles = ['posix', 'hostile', 'ext4-ordered', 'ext4-data-journal', 'xfs', 'btrfs', 'lying-disk'];
const faults: readonly CrashFault[] = ['process-kill', 'power-loss', 'torn-write'];

const settings = fc.record({
  profile: fc.constantFrom(...profiles),
  fault: fc.constantFrom(...faults),
  limit: fc.integer({ min: 1, max: 300 }),
  seed: fc.nat(1000),
});

describe('crash states', () => {
  it('are distinct, legal, at most as many as asked for, and the same for the same seed', () => {
    fc.assert(
      fc.property(recordings(long), settings, (recording, { profile, fault, limit, seed }) => {
        const trace = takeApart(recording);
        const list = () =>
          [...crashStates(trace, profileNamed(profile), fault, { seed, limit }).states].map((state) =>
            JSON.stringify(state),
          );
        const states = list();
        expect(states.length).toBeLessThanOrEqual(limit);
        expect(new Set(states).size).toBe(states.length);
        expect(list()).toEqual(states);
        for (const text of states) {
          const { point, lost }: CrashState = JSON.parse(text);
          expect(point).toBeLessThanOrEqual(recording.trace.length);
          expect([...lost].sort((a, b) => a - b)).toEqual(lost);
          expect(lost.every((id) => id < (trace.effectsBefore[point] ?? 0))).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('only tear writes where writes may tear', () => {
    fc.assert(
      fc.property(recordings(long), fc.constantFrom(...profiles), (recording, profile) => {
        const trace = takeApart(recording);
        const states = (fault: CrashFault) =>
          crashStates(trace, profileNamed(profile), fault, { seed: 1, limit: 100 }).states;
        for (const { lost } of states('power-loss')) expect(isTorn(trace, lost)).toBe(false);
        for (const { lost, filler } of states('torn-write')) {
          expect(isTorn(trace, lost) || filler === 'garbage-overwrites').toBe(true);
        }
        for (const { lost } of states('process-kill')) expect(lost).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('are all of the closed subsets of what is pending, where they are few', () => {
    fc.assert(
      fc.property(recordings(short), fc.constantFrom(...profiles), (recording, profile) => {
        const trace = takeApart(recording);
        const found = crashStates(trace, profileNamed(profile), 'power-loss', { seed: 1, limit: 50_000 });
        fc.pre(found.exhaustive);
        const expected = new Set<string>();
        for (const point of crashPoints(trace)) {
          for (const lost of closedSubsets(found.order, point)) expected.add(`${point} ${lost}`);
        }
        const states = [...found.states];
        const shown = states
          .filter(({ filler }) => filler === 'old')
          .map(({ point, lost }) => `${point} ${lost}`);
        expect(new Set(shown)).toEqual(expected);
        expect(shown).toHaveLength(expected.size);
      }),
      { numRuns: 100 },
    );
  });

  it('are cut at the limit when they are many, and say so', () => {
    const trace = takeApart(program(create(2, 'f'), ...appends(12)));
    const found = crashStates(trace, profileNamed('posix'), 'power-loss', { seed: 1, limit: 500 });
    expect(found.exhaustive).toBe(false);
    expect([...found.states]).toHaveLength(500);
    const few = crashStates(takeApart(program(create(2, 'f'))), profileNamed('posix'), 'power-loss', {
      seed: 1,
      limit: 5,
    });
    expect(few.exhaustive).toBe(true);
    expect([...few.states]).toHaveLength(4);
  });

  it('of a huge write that may tear can still be listed', () => {
    const trace = takeApart(program(create(2, 'f'), write(2, 'x'.repeat(2 << 20))));
    const found = crashStates(trace, profileNamed('posix'), 'torn-write', { seed: 1, limit: 20 });
    expect([...found.states]).toHaveLength(20);
  });

  it.each(profiles)('of a long run that synced all along can still be listed: %s', (profile) => {
    const steps = Array.from({ length: 6000 }, (_, index) => [write(2, 'x', index), fsync(2)]).flat();
    const trace = takeApart(program(create(2, 'f'), ...steps));
    const settings = { seed: 1, limit: 5, after: 11_990 };
    expect([...crashStates(trace, profileNamed(profile), 'power-loss', settings).states]).toHaveLength(5);
  });

  it('start after what was explored before', () => {
    const trace = takeApart(program(create(2, 'f'), write(2, 'x'), fsync(2)));
    const found = crashStates(trace, profileNamed('posix'), 'power-loss', { seed: 1, limit: 100, after: 1 });
    expect(found.points).toEqual([2, 3]);
    expect([...found.states].every(({ point }) => point > 1)).toBe(true);
  });
});

function appends(count: number) {
  return Array.from({ length: count }, (_, index) => write(2, 'x'.repeat(512), index * 512));
}

/** By trying every subset: effect ids lost, for each choice of atoms that is closed under what they carry and follow. */
function closedSubsets(order: Order, point: number): string[] {
  const pending = order.atoms.filter(({ id, entry }) => entry < point && (order.durableAt[id] ?? 0) >= point);
  const result: string[] = [];
  for (let choice = 0; choice < 2 ** pending.length; choice++) {
    const kept = new Set(pending.filter((_, index) => (choice >> index) & 1).map(({ id }) => id));
    const isClosed = [...kept].every((id) =>
      pendingBehind(order, id, point).every((other) => kept.has(other)),
    );
    if (!isClosed) continue;
    const lost = pending.filter(({ id }) => !kept.has(id)).flatMap(({ effects }) => effects);
    result.push(lost.sort((a, b) => a - b).join());
  }
  return [...new Set(result)];
}

/** Every pending atom that can be reached from this one, through durable ones too. */
function pendingBehind(order: Order, id: number, point: number): number[] {
  const seen = new Set<number>();
  const waiting = [id];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const atom = order.atoms[at];
    waiting.push(...(atom?.carries ?? []), ...(atom?.follows ?? []));
  }
  return [...seen].filter((other) => (order.durableAt[other] ?? 0) >= point);
}

describe('a budget that is too small', () => {
  const recording = program(create(2, 'f'), ...appends(60));
  const trace = takeApart(recording);
  const states = (limit: number) => [
    ...crashStates(trace, profileNamed('posix'), 'power-loss', { seed: 1, limit }).states,
  ];

  it('tries nothing lost and everything lost by turns', () => {
    const kinds = states(20).map(({ point, lost }) =>
      lost.length === 0 ? 'none' : lost.length === trace.effectsBefore[point] ? 'all' : 'some',
    );
    expect(kinds.filter((kind) => kind === 'none')).toHaveLength(10);
    expect(kinds.filter((kind) => kind === 'all')).toHaveLength(10);
  });

  it('begins at the end of the trace and is spread over all of it', () => {
    const points = states(16).map(({ point }) => point);
    expect(points[0]).toBe(recording.trace.length);
    const gaps = [0, ...new Set(points), recording.trace.length].sort((a, b) => a - b);
    const widest = Math.max(...gaps.slice(1).map((point, index) => point - (gaps[index] ?? 0)));
    expect(widest).toBeLessThanOrEqual(16);
  });

  it('sees single losses and single survivors before the many prefixes of one point are through', () => {
    const found = states(1000);
    expect(found.some(({ point, lost }) => point > 40 && lost.length === 1)).toBe(true);
    expect(
      found.some(({ point, lost }) => point > 40 && lost.length === (trace.effectsBefore[point] ?? 0) - 1),
    ).toBe(true);
  });

  it('spreads kills as well', () => {
    const kills = [
      ...crashStates(trace, profileNamed('posix'), 'process-kill', { seed: 1, limit: 4 }).states,
    ].map(({ point }) => point);
    expect(kills).toHaveLength(4);
    expect(Math.min(...kills)).toBeLessThan(20);
    expect(Math.max(...kills)).toBe(61);
  });
});

describe('what is pending', () => {
  it('offers each closed choice once, everything kept first', () => {
    const order = buildOrder(
      takeApart(program(create(2, 'f'), ...appends(3))),
      profileNamed('posix').rules(),
      false,
    );
    const pending = pendingAt(order, 4);
    const choices = [...allChoices(pending)].map((kept) => kept[0] ?? 0);
    expect(choices[0]).toBe(2 ** pending.atoms.length - 1);
    expect(new Set(choices).size).toBe(choices.length);
    expect(choices.every((choice) => isLegal(pending, Uint32Array.of(choice)))).toBe(true);
    const legal = Array.from({ length: 2 ** pending.atoms.length }, (_, choice) => Uint32Array.of(choice));
    expect(choices).toHaveLength(legal.filter((kept) => isLegal(pending, kept)).length);
  });
});

/** Keys of the images that a profile allows, power lost with writes whole or torn. */
function imagesOf(trace: EffectTrace, profile: string): Map<string, CrashState> | undefined {
  const images = new Images(trace);
  const keys = new Map<string, CrashState>();
  for (const fault of ['power-loss', 'torn-write'] as const) {
    const found = crashStates(trace, profileNamed(profile), fault, { seed: 1, limit: 4000 });
    if (!found.exhaustive) return undefined;
    for (const state of found.states) keys.set(`${state.point} ${imageKey(images.at(state))}`, state);
  }
  return keys;
}

/** From the stricter to the weaker: what the first allows, the second allows. */
const nested: readonly (readonly [string, string])[] = [
  ['ext4-data-journal', 'ext4-ordered'],
  ['ext4-data-journal', 'xfs'],
  ['ext4-ordered', 'posix'],
  ['xfs', 'posix'],
  ['btrfs', 'posix'],
  ['posix', 'hostile'],
  ['posix', 'lying-disk'],
];

/** A state that the stricter profile allows and the weaker does not, if there is one. */
function notNested(recording: Recording, strict: string, weak: string): string | undefined {
  const trace = takeApart(recording);
  const [few, many] = [imagesOf(trace, strict), imagesOf(trace, weak)];
  if (few === undefined || many === undefined) return undefined;
  const [found] = [...few].filter(([key]) => !many.has(key));
  return found === undefined ? undefined : `only ${strict} allows ${JSON.stringify(found[1])}`;
}

describe('profiles', () => {
  it.each(nested)('%s allows nothing that %s forbids', (strict, weak) => {
    for (const { name, recording } of litmus) {
      expect({ name, found: notNested(recording, strict, weak) }).toEqual({ name, found: undefined });
    }
    fc.assert(
      fc.property(recordings(short), (recording) => {
        expect(notNested(recording, strict, weak)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('that are not nested are told apart by these programs', () => {
    const foundBy = (strict: string, weak: string) =>
      litmus.some(({ recording }) => notNested(recording, strict, weak) !== undefined);
    const others = nested.map(([strict, weak]) => [weak, strict] as const);
    const strangers = [
      ['xfs', 'ext4-ordered'],
      ['ext4-ordered', 'xfs'],
      ['btrfs', 'xfs'],
      ['xfs', 'btrfs'],
    ] as const;
    for (const [strict, weak] of [...others, ...strangers]) {
      expect({ strict, weak, differ: foundBy(strict, weak) }).toEqual({ strict, weak, differ: true });
    }
  });

  it('are known by name, and a wrong name is answered with theirs', () => {
    expect(() => profileNamed('ntfs')).toThrow(/no profile "ntfs"; the profiles are posix, hostile/);
  });
});
