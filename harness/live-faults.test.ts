import { describe, expect, it } from 'vitest';
import { flakeyRule } from '../src/faults/dm/flakey.ts';
import type { Operation } from '../src/faults/model/operation.ts';
import type { Recording } from '../src/faults/model/recording.ts';
import { emptyTree } from '../src/faults/model/tree.ts';
import { checkPlan } from '../src/faults/plan.ts';
import {
  earlierIn,
  failureOn,
  liveFaults,
  plansFor,
  plansFromPromises,
  untilLastPromise,
} from './live-faults.ts';

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

describe('on a disk', () => {
  const rule = { operation: 'sync', nth: 44, fault: 'fsync-error' } as const;
  const counted = { id: 'rule-1', waiting: false, matched: 40, wasDue: false, fired: 0 };

  it('an operation that did not come gives way to one that comes', () => {
    expect(earlierIn([rule], [{ ...counted, rule }])).toEqual([{ ...rule, nth: 36 }]);
    const from = { operation: 'sync', from: 44, fault: 'lost-fsync' } as const;
    expect(earlierIn([from], [{ ...counted, rule: from }])).toEqual([{ ...from, from: 36 }]);
  });

  it('one that did come, and a rule that counted nothing, stay as they are', () => {
    expect(earlierIn([rule], [{ ...counted, rule, wasDue: true }])).toEqual([rule]);
    expect(earlierIn([rule], [{ ...counted, rule, matched: 0 }])).toEqual([rule]);
    expect(earlierIn([rule], [])).toEqual([rule]);
  });

  it('a layer that counts no requests begins a fault at each promise but the last', () => {
    const { base, trace } = recordingOf({ data: [write, sync] });
    const promises = ['0', '1', '2'].map((text) => ({ kind: 'acknowledgement', text }) as const);
    const plans = plansFromPromises('lost-write', { base, trace: [...trace, ...promises] });
    const awaited = ['promise 1', 'promise 2'];
    expect(plans).toEqual(awaited.map((after) => [{ operation: 'write', after, fault: 'lost-write' }]));
    expect(plansFromPromises('io-error', { base, trace })).toEqual([]);
    for (const plan of plans) expect(flakeyRule(plan)).toBe(plan[0]);
  });

  it('what the file system writes after the last promise is struck by nothing', () => {
    const { base, trace } = recordingOf({ data: [write, sync, write, sync] });
    const promised = { base, trace: trace.toSpliced(2, 0, { kind: 'acknowledgement', text: '0' }) };
    const worked = untilLastPromise(promised);
    expect(worked.trace).toEqual(trace.slice(0, 2));
    expect(plansFor('fsync-error', worked, {})).toHaveLength(1);
    expect(untilLastPromise({ base, trace })).toEqual({ base, trace });
  });
});
