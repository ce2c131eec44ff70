import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crashStates } from './crash-states.ts';
import { takeApart } from './effects.ts';
import { permittingRules } from './explain.ts';
import { create, failedFsync, fsync, onDisk, program, rename, write } from './fixtures/programs.ts';
import { long, recordings } from './fixtures/recordings.ts';
import type { CrashState, Filler } from './image.ts';
import { buildOrder } from './order.ts';
import { profileNamed } from './profile.ts';
import type { Departure } from './profiles/type.ts';
import type { Recording } from './recording.ts';

const sector = 'a'.repeat(512);

interface Case {
  readonly recording: Recording;
  readonly profile: string;
  /** Of the effects, in program order. */
  readonly lost: (kind: string, entry: number, offset: number) => boolean;
  readonly filler?: Filler;
}

function rulesFor({ recording, profile: name, lost, filler = 'old' }: Case) {
  const trace = takeApart(recording);
  const profile = profileNamed(name);
  const order = buildOrder(trace, profile.rules(), true);
  const ids = trace.effects
    .filter((effect) => lost(effect.kind, effect.entry, effect.kind === 'data' ? effect.offset : 0))
    .map(({ id }) => id);
  const state: CrashState = { point: recording.trace.length, lost: ids, filler };
  return { rules: permittingRules(order, profile, state), permits: profile.permits };
}

function expectDepartures(one: Case, departures: readonly Departure[]): void {
  const { rules, permits } = rulesFor(one);
  expect(rules.map(({ rule }) => rule)).toEqual(departures.map((departure) => permits[departure].rule));
}

describe('a crash state is explained', () => {
  const fresh = program(create(2, 'f'), write(2, sector));

  it('by nothing where nothing is lost', () => {
    expect(rulesFor({ recording: fresh, profile: 'posix', lost: () => false }).rules).toEqual([]);
  });

  it('by loss alone where the end of the trace is missing', () => {
    expectDepartures({ recording: fresh, profile: 'posix', lost: (kind) => kind === 'size' }, ['lost']);
  });

  it('by the name, where a durable file has none', () => {
    const recording = program(create(2, 'f'), write(2, sector), fsync(2));
    expectDepartures({ recording, profile: 'posix', lost: (kind) => kind === 'link' }, ['lost', 'name']);
  });

  it('by a size ahead of its data', () => {
    expectDepartures({ recording: fresh, profile: 'posix', lost: (kind) => kind === 'data' }, [
      'lost',
      'reordered',
      'size-ahead',
    ]);
  });

  it('by order, where a later write is there without an earlier one', () => {
    const start = program(create(2, 'f'), write(2, sector), create(3, 'g'), write(3, sector));
    const recording = onDisk(start, write(2, 'b'), write(3, 'b'));
    expectDepartures({ recording, profile: 'ext4-ordered', lost: (_kind, entry) => entry === 0 }, [
      'lost',
      'reordered',
    ]);
  });

  it('by a torn write', () => {
    const recording = onDisk(program(create(2, 'f'), write(2, sector + sector)), write(2, 'b'.repeat(1024)));
    const second = (kind: string, _entry: number, offset: number) => kind === 'data' && offset === 512;
    expectDepartures({ recording, profile: 'posix', lost: second }, ['lost', 'torn']);
    expectDepartures({ recording, profile: 'hostile', lost: second, filler: 'garbage-overwrites' }, [
      'lost',
      'torn',
      'unsafe-overwrite',
    ]);
  });

  it('by half a rename', () => {
    const recording = onDisk(program(create(2, 'f')), rename(2, 'f', 'g'));
    expectDepartures({ recording, profile: 'hostile', lost: (kind) => kind === 'link' }, [
      'lost',
      'name',
      'split-rename',
    ]);
    expectDepartures({ recording, profile: 'posix', lost: () => true }, ['lost', 'name']);
  });

  it('by a failed barrier, where what it met is lost, and only there', () => {
    const start = program(create(2, 'f'), create(3, 'g'));
    const recording = onDisk(start, write(2, sector), failedFsync(2), fsync(2), write(3, sector));
    expectDepartures({ recording, profile: 'posix', lost: (_kind, entry) => entry === 0 }, [
      'lost',
      'reordered',
      'failed-barrier',
    ]);
    expectDepartures({ recording, profile: 'posix', lost: (_kind, entry) => entry === 3 }, ['lost']);
  });

  it('by the lie of a disk', () => {
    const recording = program(create(2, 'f'), fsync(2));
    const { rules } = rulesFor({ recording, profile: 'lying-disk', lost: () => true });
    expect(rules[0]?.rule).toBe('the disk lies');
  });

  it('by at least one rule with a source, whatever is lost and wherever', () => {
    const profiles = ['posix', 'hostile', 'ext4-ordered', 'ext4-data-journal', 'xfs', 'btrfs', 'lying-disk'];
    fc.assert(
      fc.property(
        recordings(long),
        fc.constantFrom(...profiles),
        fc.constantFrom('power-loss' as const, 'torn-write' as const),
        (recording, name, fault) => {
          const profile = profileNamed(name);
          const trace = takeApart(recording);
          const { order, states } = crashStates(trace, profile, fault, { seed: 1, limit: 60 });
          for (const state of states) {
            const rules = permittingRules(order, profile, state);
            expect(rules.length > 0).toBe(state.lost.length > 0);
            for (const { rule, text, source } of rules) {
              expect([rule, text, source].every((part) => part.length > 0)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
