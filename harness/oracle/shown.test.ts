import { describe, expect, it } from 'vitest';
import type { Mutation } from '../subject/subject.ts';
import {
  append,
  appendBatch,
  appendDurable,
  broken,
  bytes,
  history,
  pairs,
  put,
  records,
  recovered,
  remove,
  violation,
} from './fixtures/cases.ts';
import { oracles } from './index.ts';

/** The process died after some steps and came back, a reader looked, more was asked, then the power went. */

describe('a log that a reader saw after a process crash', () => {
  const before = [appendDurable('record 0'), append('record 1'), append('record 2')];

  function judged(seen: readonly string[], after: readonly Mutation[], shown: readonly string[]) {
    const past = history('log', [...before, ...after], {
      shown: { afterSteps: before.length, items: records(...seen) },
    });
    return broken(past, recovered('log', records(...shown)));
  }

  it('keeps what it showed, and may lose what came later', () => {
    const seen = ['record 0', 'record 1'];
    expect(judged(seen, [append('record 3')], ['record 0', 'record 1'])).toEqual([]);
    expect(judged(seen, [append('record 3')], ['record 0', 'record 1', 'record 3'])).toEqual([]);
    expect(judged(seen, [append('record 3')], ['record 0'])).toEqual(['stability']);
    expect(judged(seen, [append('record 3')], [])).toEqual(['durability', 'stability', 'candour']);
  });

  it('has a hole where what it showed is missing before a later record', () => {
    const seen = ['record 0', 'record 1'];
    expect(judged(seen, [append('record 3')], ['record 0', 'record 3'])).toEqual(['order', 'stability']);
    const inFlight = history('log', [append('record 0'), append('record 1'), append('record 2')], {
      refused: [1],
      shown: { afterSteps: 2, items: records(...seen) },
    });
    const holed = recovered('log', [{ data: bytes('record 0') }, { data: bytes('record 2') }]);
    expect(broken(inFlight, holed)).toEqual(['order', 'stability']);
  });

  it('does not owe what the process crash took, even after a later sync', () => {
    const after: Mutation[] = [append('record 3'), { op: 'sync' }];
    expect(judged(['record 0'], after, ['record 0', 'record 3'])).toEqual([]);
    expect(judged(['record 0', 'record 1'], after, ['record 0', 'record 1', 'record 3'])).toEqual([]);
  });

  it('owes what it showed once a later sync promised it', () => {
    const after: Mutation[] = [append('record 3'), { op: 'sync' }];
    expect(judged(['record 0', 'record 1'], after, ['record 0'])).toEqual(['durability', 'candour']);
  });

  it('still owes what was promised before the process crash', () => {
    expect(judged([], [], [])).toEqual(['durability', 'candour']);
    const past = history('log', [append('record 0'), { op: 'sync' }, append('record 2')], {
      shown: { afterSteps: 2, items: [] },
    });
    expect(broken(past, recovered('log', records('record 2')))).toEqual(['durability', 'candour']);
  });

  it('does not bring back what it showed to be gone', () => {
    const seen = ['record 0', 'record 1'];
    expect(judged(seen, [], ['record 0', 'record 1', 'record 2'])).toEqual(['stability']);
    expect(judged(seen, [append('record 3')], ['record 0', 'record 1', 'record 2'])).toEqual(['stability']);
    expect(judged(seen, [append('record 3')], ['record 0', 'record 1', 'record 2', 'record 3'])).toEqual([
      'stability',
    ]);
  });

  it('takes the order that it showed as given', () => {
    const unplaced = (...texts: string[]) => texts.map((text) => ({ data: bytes(text) }));
    const items = unplaced('record 1', 'record 0');
    const past = history('log', before, { shown: { afterSteps: 3, items } });
    expect(broken(past, recovered('log', items))).toEqual([]);
    expect(broken(past, recovered('log', unplaced('record 0', 'record 1')))).toEqual(['order']);
  });

  it('may show a step that was in flight when the process died, and then keeps it', () => {
    const past = history('log', [appendDurable('record 0'), appendBatch(['a', 'b'], true)], {
      refused: [1],
      shown: { afterSteps: 2, items: records('record 0', 'a', 'b') },
    });
    expect(broken(past, recovered('log', records('record 0', 'a', 'b')))).toEqual([]);
    expect(broken(past, recovered('log', records('record 0')))).toEqual(['stability']);
    expect(broken(past, recovered('log', records('record 0', 'a')))).toEqual(['atomicity', 'stability']);
  });

  it('keeps the positions that it showed', () => {
    const past = history('log', before, { shown: { afterSteps: 3, items: records('record 0') } });
    const [first] = records('record 0');
    const moved = recovered('log', first === undefined ? [] : [{ ...first, position: '7' }]);
    expect(broken(past, moved)).toEqual(['stability']);
    expect(violation(oracles.stability(past, moved)).summary).toBe(
      'the record of step 0 was at position 0 and is now at position 7',
    );
  });
});

describe('a key-value store that a reader saw after a process crash', () => {
  type Entries = readonly (readonly [string, string])[];

  function judged(before: readonly Mutation[], seen: Entries, after: readonly Mutation[], shown: Entries) {
    const past = history('kv', [...before, ...after], {
      shown: { afterSteps: before.length, items: pairs(...seen) },
    });
    return broken(past, recovered('kv', pairs(...shown)));
  }

  const before = [put('a', 'value 0'), put('a', 'value 1', false), remove('b', false)];

  it('keeps what it showed, unless a later step changes it', () => {
    const seen: Entries = [['a', 'value 1']];
    expect(judged(before, seen, [], [['a', 'value 1']])).toEqual([]);
    expect(judged(before, seen, [], [['a', 'value 0']])).toEqual(['stability']);
    expect(judged(before, seen, [put('a', 'value 3', false)], [['a', 'value 3']])).toEqual([]);
    expect(judged(before, seen, [put('a', 'value 3', false)], [['a', 'value 1']])).toEqual([]);
    expect(judged(before, seen, [put('a', 'value 3', false)], [['a', 'value 0']])).toEqual(['stability']);
    expect(judged(before, seen, [remove('a', false)], [])).toEqual([]);
  });

  it('owes to durability what was promised, shown or not', () => {
    expect(judged(before, [['a', 'value 1']], [], [])).toEqual(['durability', 'candour']);
    expect(judged(before, [['a', 'value 1']], [{ op: 'sync' }], [['a', 'value 0']])).toEqual([
      'durability',
      'candour',
    ]);
  });

  it('does not owe what the process crash took, even after a later sync', () => {
    expect(judged(before, [['a', 'value 0']], [{ op: 'sync' }], [['a', 'value 0']])).toEqual([]);
  });

  it('does not bring back a key that it showed to be gone', () => {
    const older = [put('a', 'value 0', false), put('b', 'value 1')];
    const seen: Entries = [['b', 'value 1']];
    expect(judged(older, seen, [], [...seen, ['a', 'value 0']])).toEqual(['stability']);
    expect(judged(older, seen, [put('a', 'value 2')], [...seen, ['a', 'value 2']])).toEqual([]);
    const deleted = [put('a', 'value 0'), remove('a')];
    expect(judged(deleted, [], [], [['a', 'value 0']])).toEqual(['durability', 'candour']);
  });

  it('lays the later steps on what it showed, in one order', () => {
    const seen: Entries = [['a', 'value 0']];
    const after = [put('b', 'value 3', false), put('a', 'value 4', false)];
    expect(
      judged(before, seen, after, [
        ['a', 'value 0'],
        ['b', 'value 3'],
      ]),
    ).toEqual([]);
    expect(judged(before, seen, after, [['a', 'value 4']])).toEqual(['order']);
  });

  it('leaves a value that was never put to integrity', () => {
    expect(judged(before, [['a', 'value 1']], [], [['a', 'value ?']])).toEqual(['integrity', 'candour']);
    const later = [put('a', 'value 3', false), put('b', 'value 4', false)];
    const older = [put('a', 'value 0', false)];
    const seen: Entries = [['a', 'value ?']];
    expect(judged(older, seen, later, seen)).toEqual(['integrity', 'candour']);
    expect(judged(older, seen, later, [...seen, ['b', 'value 4']])).toEqual(['integrity', 'candour']);
  });

  it('may lay anything below the later steps where it showed a value that was never put', () => {
    const later = [put('a', 'value 3', false), put('b', 'value 4', false)];
    const older = [put('a', 'value 0', false)];
    const seen: Entries = [['a', 'value ?']];
    expect(judged(older, seen, later, [])).toEqual([]);
    expect(judged(older, seen, later, [['a', 'value 0']])).toEqual([]);
    expect(judged(older, seen, later, [['b', 'value 4']])).toEqual(['order']);
    expect(
      judged(older, seen, later, [
        ['a', 'value 0'],
        ['b', 'value 4'],
      ]),
    ).toEqual(['order']);
  });
});
