import { describe, expect, it } from 'vitest';
import { create, fsync, program, write } from '../src/faults/model/fixtures/programs.ts';
import type { CrashState } from '../src/faults/model/image.ts';
import { liveTree, type Recording } from '../src/faults/model/recording.ts';
import { checkPlan } from '../src/faults/plan.ts';
import { faultsAtRest, restFaults, stallMsFor, statesAtRest } from './at-rest.ts';

/** `f` was durable with other bytes before; `g` came after, and never had any others. */
const recording = program(
  create(2, 'f'),
  write(2, 'a'.repeat(1300)),
  fsync(2),
  write(2, 'b'.repeat(1300)),
  fsync(2),
  create(3, 'g'),
  create(4, 'empty'),
);
const withBytes: Recording = { ...recording, trace: [...recording.trace, ...program(write(3, 'g')).trace] };
const settings = { seed: 1, limit: 100 };

describe('states at rest', () => {
  it('are one for each sector that a file holds, and for each file', () => {
    const count = (fault: (typeof restFaults)[number], sweep?: 'each-unit') =>
      statesAtRest(fault, withBytes, { ...settings, limit: 2, ...(sweep && { sweep }) }).states.length;
    expect(restFaults.map((fault) => count(fault))).toEqual([2, 2, 2, 2]);
    expect(restFaults.map((fault) => count(fault, 'each-unit'))).toEqual([4, 4, 3, 2]);
  });

  it('say whether every place had its turn', () => {
    const exhaustive = (fault: (typeof restFaults)[number], limit: number, sweep?: 'each-unit') =>
      statesAtRest(fault, withBytes, { seed: 1, limit, ...(sweep && { sweep }) }).exhaustive;
    expect(exhaustive('latent-sector-error', 3)).toBe(false);
    expect(exhaustive('latent-sector-error', 4)).toBe(true);
    expect(exhaustive('bit-rot', 100)).toBe(false);
    expect(exhaustive('bit-rot', 1, 'each-unit')).toBe(true);
    expect(exhaustive('slow', 1)).toBe(false);
  });

  it('have a stale read only of files that a barrier had made durable with other bytes', () => {
    const once = program(create(2, 'f'), fsync(2));
    expect(statesAtRest('stale-read', once, settings).states).toEqual([]);
    expect(statesAtRest('stale-read', recording, settings).states).toMatchObject([
      { stale: { inode: 2, back: 2 } },
      { stale: { inode: 2, back: 1 } },
    ]);
  });
});

describe('a crash state with a fault of the disk', () => {
  const image = liveTree(withBytes);
  const state: CrashState = { point: 0, lost: [], filler: 'old' };
  const planOf = (fault: Partial<CrashState>) => faultsAtRest({ ...state, ...fault }, image, 500);

  it('is a plan for the disk under its image', () => {
    const where = { volume: 'data', path: 'f', operation: 'read' };
    const plans = [
      planOf({ unreadable: { inode: 2, offset: 512 } }),
      planOf({ stale: { inode: 2, back: 3 } }),
      planOf({ stalled: { inode: 2 } }),
    ];
    expect(plans).toEqual([
      [{ ...where, from: 1, fault: 'latent-sector-error', offset: 512 }],
      [{ ...where, nth: 1, fault: 'stale-read', back: 3 }],
      [{ ...where, nth: 1, fault: 'slow', delayMs: 500 }],
    ]);
    for (const plan of plans) checkPlan(plan);
  });

  it('is none where the disk is sound, and refuses a file that is not there', () => {
    expect(planOf({})).toEqual([]);
    expect(() => planOf({ stalled: { inode: 9 } })).toThrow('no file with inode 9');
  });

  it('stalls for a part of the time that an answer may take', () => {
    expect([1, 10].map(stallMsFor)).toEqual([250, 500]);
  });
});
