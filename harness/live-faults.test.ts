import { describe, expect, it } from 'vitest';
import type { Operation } from '../src/faults/model/operation.ts';
import type { Recording } from '../src/faults/model/recording.ts';
import { emptyTree } from '../src/faults/model/tree.ts';
import { checkPlan } from '../src/faults/plan.ts';
import { failureOn, liveFaults, plansFor } from './live-faults.ts';

const write: Operation = { kind: 'write', inode: 3, offset: 0, data: new Uint8Array(1) };
const sync: Operation = { kind: 'sync', inode: 3, cause: 'fsync' };
const close: Operation = { kind: 'close', inode: 3 };

function recordingOf(operations: Readonly<Record<string, readonly Operation[]>>): Recording {
  const trace = Object.entries(operations).flatMap(([volume, all]) =>
    all.map((operation) => ({ kind: 'operation', volume, operation }) as const),
  );
  return { base: emptyTree(Object.keys(operations)), trace };
}

describe('the plans of a live fault', () => {
  it('strike each operation that it can befall', () => {
    const recording = recordingOf({ data: [write, sync, write, sync, close] });
    expect(plansFor('fsync-error', recording, failureOn('posix'))).toEqual([
      [{ operation: 'sync', nth: 1, fault: 'fsync-error' }],
      [{ operation: 'sync', nth: 2, fault: 'fsync-error' }],
    ]);
    const struck = (fault: (typeof liveFaults)[number]) =>
      plansFor(fault, recording, failureOn('posix')).map(([rule]) => rule?.nth ?? rule?.from);
    expect(struck('io-error')).toEqual([1, 2, 3, 4]);
    expect(struck('disk-full')).toEqual([1, 3]);
    expect(struck('lost-write')).toEqual([1, 2]);
  });

  it('strike one volume at a time', () => {
    const recording = recordingOf({ data: [write, sync], mirror: [write, sync] });
    expect(plansFor('misdirected-write', recording, failureOn('xfs'))).toEqual([
      [{ volume: 'data', operation: 'write', nth: 1, fault: 'misdirected-write' }],
      [{ volume: 'mirror', operation: 'write', nth: 1, fault: 'misdirected-write' }],
    ]);
  });

  it.each(liveFaults)('are plans that a disk takes, and not too many: %s', (fault) => {
    const many = Array.from({ length: 100 }, () => [write, sync]).flat();
    const plans = plansFor(fault, recordingOf({ data: many, mirror: many }), failureOn('btrfs'));
    expect(plans.length).toBe(16);
    for (const plan of plans) checkPlan(plan);
  });
});
