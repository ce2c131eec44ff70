import { describe, expect, it } from 'vitest';
import type { Mutation } from '../subject/subject.ts';
import { broken, bytes, history, ok, pairs, put, recovered, remove, violation } from './fixtures/cases.ts';
import { oracles } from './index.ts';

type Entries = readonly (readonly [string, string])[];

function judged(shown: Entries, mutations: readonly Mutation[], refused: readonly number[] = []) {
  return broken(history('kv', mutations, { refused }), recovered('kv', pairs(...shown)));
}

describe('a key-value store', () => {
  it('may lose what was not promised, and show the value before it', () => {
    const mutations = [put('a', 'value 0'), put('a', 'value 1', false), remove('a', false)];
    expect(judged([['a', 'value 0']], mutations)).toEqual([]);
    expect(judged([['a', 'value 1']], mutations)).toEqual([]);
    expect(judged([], mutations)).toEqual([]);
  });

  it('may not show an older value than the promised one', () => {
    const mutations = [put('a', 'value 0'), put('a', 'value 1')];
    expect(judged([['a', 'value 0']], mutations)).toEqual(['durability', 'candour']);
    expect(judged([], mutations)).toEqual(['durability', 'candour']);
  });

  it('may not bring back what was deleted for good', () => {
    const mutations = [put('a', 'value 0'), remove('a')];
    expect(judged([], mutations)).toEqual([]);
    expect(judged([['a', 'value 0']], mutations)).toEqual(['durability', 'candour']);
  });

  it('may have done a step that was refused, but need not', () => {
    const mutations = [put('a', 'value 0'), put('a', 'value 1'), remove('a')];
    expect(judged([['a', 'value 0']], mutations, [1, 2])).toEqual([]);
    expect(judged([['a', 'value 1']], mutations, [1, 2])).toEqual([]);
    expect(judged([], mutations, [1, 2])).toEqual([]);
  });

  it('keeps what a sync promised', () => {
    const mutations: Mutation[] = [put('a', 'value 0', false), remove('b', false), { op: 'sync' }];
    expect(judged([], mutations)).toEqual(['durability', 'candour']);
    expect(judged([], mutations, [2])).toEqual([]);
  });

  it('is the state of one moment, over all keys', () => {
    const mutations = [put('a', 'value 0', false), put('b', 'value 1', false), put('a', 'value 2', false)];
    expect(judged([['a', 'value 2']], mutations)).toEqual(['order']);
    expect(judged([['b', 'value 1']], mutations)).toEqual(['order']);
    expect(judged([['a', 'value 0']], mutations)).toEqual([]);
    expect(judged([['b', 'value 1']], mutations, [0])).toEqual([]);
    expect(
      judged(
        [
          ['b', 'value 1'],
          ['a', 'value 2'],
        ],
        mutations,
      ),
    ).toEqual([]);
  });

  it('finds the moment where a key was absent more than once', () => {
    const mutations = [
      put('b', 'value 0', false),
      remove('a', false),
      put('a', 'value 2', false),
      put('b', 'value 3', false),
      remove('a', false),
      put('b', 'value 5', false),
    ];
    expect(judged([['b', 'value 0']], mutations)).toEqual([]);
    expect(judged([['b', 'value 5']], mutations)).toEqual([]);
    expect(judged([['b', 'value 3']], mutations)).toEqual([]);
    expect(judged([['b', 'value 3']], [...mutations.slice(0, 4), ...mutations.slice(5)])).toEqual(['order']);
  });

  it('finds the moment where a key was deleted again by a step that was refused', () => {
    const mutations = [remove('a', false), remove('a', false), put('b', 'value 2', false)];
    expect(judged([['b', 'value 2']], mutations, [1])).toEqual([]);
    const putAgain = [...mutations.slice(0, 2), put('a', 'value 2', false), put('b', 'value 3', false)];
    expect(judged([['b', 'value 3']], putAgain, [1])).toEqual(['order']);
  });

  it('holds only values that were put under that key, and each key once', () => {
    const mutations = [put('a', 'value 0'), put('b', 'value 1')];
    const good: Entries = [
      ['a', 'value 0'],
      ['b', 'value 1'],
    ];
    expect(judged(good, mutations)).toEqual([]);
    expect(judged([...good, ['c', 'value 2']], mutations)).toEqual(['integrity', 'candour']);
    expect(judged([...good, ['a', 'value 0']], mutations)).toEqual(['integrity', 'candour']);
    expect(
      judged(
        [
          ['a', 'value 0'],
          ['b', 'value 0'],
        ],
        mutations,
      ),
    ).toEqual(['integrity', 'candour']);
    expect(
      judged(
        [
          ['a', 'value 0'],
          ['b', 'val\0e 1'],
        ],
        mutations,
      ),
    ).toEqual(['integrity', 'candour']);
  });

  it('shows as often a second time what it showed twice', () => {
    const past = history('kv', [put('a', 'value 0')]);
    const once = pairs(['a', 'value 0'], ['probe', 'probe']);
    const observation = recovered('kv', pairs(['a', 'value 0'], ['a', 'value 0']), {
      again: { open: ok(undefined), scan: ok(once) },
    });
    expect(broken(past, observation)).toEqual(['integrity', 'stability', 'candour']);
  });

  it('is candid where open reports damage', () => {
    const past = history('kv', [put('a', 'value 0')]);
    expect(broken(past, recovered('kv', [], { open: ok({ damage: ['page 3'] }) }))).toEqual(['durability']);
  });
});

describe('what a violation says', () => {
  it('names the promised step and what the key shows', () => {
    const past = history('kv', [put('a', 'value 0'), put('a', 'value 1')]);
    expect(oracles.durability(past, recovered('kv', pairs(['a', 'value 0'])))).toEqual({
      status: 'violated',
      summary: 'step 1 was promised durable, and a does not hold what it left',
      expected: ['step 1: put a = 7 bytes "value 1", durable'],
      recovered: ['a = 7 bytes "value 0", of step 0'],
    });
  });

  it('names two keys that no moment explains', () => {
    const past = history('kv', [put('a', 'value 0', false), put('b', 'value 1', false)]);
    expect(oracles.order(past, recovered('kv', pairs(['b', 'value 1'])))).toEqual({
      status: 'violated',
      summary: 'b shows step 1, but a does not show the earlier step 0',
      expected: ['step 0: put a = 7 bytes "value 0"'],
      recovered: ['a is not there, though b = 7 bytes "value 1", of step 1'],
    });
  });

  it('tells a misplaced value from an altered one', () => {
    const past = history('kv', [put('a', 'value 0'), put('b', 'value 1')]);
    const judge = (value: string) =>
      violation(oracles.integrity(past, recovered('kv', pairs(['a', 'value 0'], ['b', value])))).summary;
    expect(judge('value 0')).toBe('b holds the value that step 0 put under a');
    expect(judge('value ?')).toBe(
      'b holds a value that was never put: against step 1, byte 6 is 0x3f, not 0x31',
    );
  });
});

it('judges long histories in linear time', () => {
  const count = 20_000;
  const deletes = Array.from({ length: count }, (_, index) => remove(`key-${index % 2}`, false));
  const puts = Array.from({ length: count }, (_, index) => put(`key-${index}`, `value ${index}`, false));
  const past = history('kv', [...deletes, ...puts]);
  const items = puts.map((_, index) => ({
    key: bytes(`key-${index}`),
    data: bytes(`value ${count - index}`),
  }));
  expect(broken(past, recovered('kv', []))).toEqual([]);
  expect(broken(past, recovered('kv', items))).toEqual(['integrity', 'candour']);
});
