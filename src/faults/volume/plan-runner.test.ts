import { describe, expect, it } from 'vitest';
import type { Plan, PlannedOperation, PlanRule } from '../plan.ts';
import { PlanRunner } from './plan-runner.ts';

const onWrite: PlanRule = { fault: 'lost-write', operation: 'write' };

/** A runner of which each rule that is due fires. */
function runnerWith(plan: Plan) {
  let nowMs = 1000;
  const runner = new PlanRunner(plan, () => nowMs);
  return {
    runner,
    wait(ms: number) {
      nowMs += ms;
    },
    /** The ids of the rules that fire at an operation on `data`. */
    meet(operation: PlannedOperation, path = 'f'): string[] {
      const due = runner.due('data', operation, () => [path]);
      return due.map((rule) => runner.fire(rule, { entry: 0, volume: 'data', operation, path }).id);
    },
  };
}

describe('a rule in place', () => {
  it('counts from when its event has come to pass, which its name may match', () => {
    const { runner, meet } = runnerWith([{ ...onWrite, after: 'ready *', nth: 2 }]);
    expect([meet('write'), meet('write')]).toEqual([[], []]);
    expect(runner.states()).toMatchObject([
      { waiting: true, matched: 0, why: 'it stands after ready *, which has not come to pass' },
    ]);
    expect(runner.event('already')).toEqual([]);
    expect(runner.event('ready 1')).toEqual(['1']);
    expect(runner.event('ready 2')).toEqual([]);
    expect([meet('write'), meet('write'), meet('write')]).toEqual([[], ['1'], []]);
  });

  it('is an event itself where its author named it: one fault follows the other', () => {
    const named: PlanRule = { fault: 'fsync-error', operation: 'sync', id: 'first' };
    const next: PlanRule = { ...onWrite, after: 'first' };
    const { meet } = runnerWith([named, next, { ...onWrite, after: '1' }]);
    expect(meet('write')).toEqual([]);
    expect(meet('sync')).toEqual(['first']);
    expect(meet('write')).toEqual(['2']);
  });

  it('kills at a time after it was put in place, once', () => {
    const kill: PlanRule = { fault: 'process-kill', operation: 'write', atMs: 50 };
    const { runner, meet, wait } = runnerWith([kill]);
    wait(49);
    expect(meet('write')).toEqual([]);
    runner.add([kill]);
    wait(1);
    expect(meet('sync')).toEqual([]);
    expect([meet('write'), meet('write')]).toEqual([['1'], []]);
    wait(49);
    expect(meet('write')).toEqual(['2']);
  });

  it('has an id that nobody else gets, as long as it is there or after', () => {
    const { runner, meet } = runnerWith([onWrite, { ...onWrite, id: '3' }]);
    expect(runner.add([onWrite, onWrite])).toEqual(['4', '5']);
    expect(() => runner.add([onWrite, { ...onWrite, id: '4' }])).toThrow('a rule with the id 4 already');
    expect(() => runner.add([{ ...onWrite, id: 'a b' }])).toThrow('an id has letters');
    expect(runner.clear('?')).toEqual(['1', '3', '4', '5']);
    expect(meet('write')).toEqual([]);
    expect(runner.add([onWrite])).toEqual(['6']);
    expect(meet('write')).toEqual(['6']);
  });

  it('says why it has not fired, until it has', () => {
    const { runner, meet } = runnerWith([
      { ...onWrite, path: 'wal/*' },
      { ...onWrite, nth: 2 },
      { ...onWrite, id: 'missed' },
    ]);
    const due = runner.due('data', 'write', () => ['f']);
    expect(due).toHaveLength(1);
    runner.miss(due[0] ?? onWrite, 'there was nothing to lose');
    expect(runner.states().map(({ wasDue, why }) => [wasDue, why])).toEqual([
      [false, 'there was no write of wal/*'],
      [false, 'its time has not come: it has counted 1 (write)'],
      [true, 'there was nothing to lose'],
    ]);
    meet('write', 'wal/1');
    expect(runner.states().map(({ fired, why }) => [fired, why])).toEqual([
      [1, undefined],
      [1, undefined],
      [1, undefined],
    ]);
  });
});
