import { describe, expect, it } from 'vitest';
import type { Mutation } from '../subject/subject.ts';
import {
  append,
  appendBatch,
  appendDurable,
  broken,
  bytes,
  history,
  ok,
  records,
  recovered,
  unclear,
  violation,
} from './fixtures/cases.ts';
import { oracles } from './index.ts';

const steps: readonly Mutation[] = [
  appendDurable('record 0'),
  append('record 1'),
  append('record 2'),
  { op: 'sync' },
  append('record 4'),
  append('record 5'),
];

function judged(shown: readonly string[], mutations = steps, refused: readonly number[] = []) {
  return broken(history('log', mutations, { refused }), recovered('log', records(...shown)));
}

describe('a log', () => {
  it('may lose what was not promised, from the end', () => {
    expect(judged(['record 0', 'record 1', 'record 2'])).toEqual([]);
    expect(judged(['record 0', 'record 1', 'record 2', 'record 4'])).toEqual([]);
    expect(judged(['record 0', 'record 1', 'record 2', 'record 4', 'record 5'])).toEqual([]);
  });

  it('may not lose what a sync promised', () => {
    expect(judged(['record 0', 'record 1'])).toEqual(['durability', 'candour']);
    expect(judged([])).toEqual(['durability', 'candour']);
  });

  it('may lose what only a refused sync was asked for', () => {
    expect(judged(['record 0'], steps, [3])).toEqual([]);
    expect(judged([], steps, [3])).toEqual(['durability', 'candour']);
  });

  it('may show or leave out a step that was refused, wherever it stood', () => {
    expect(judged(['record 0', 'record 2', 'record 4'], steps, [1, 5])).toEqual([]);
    expect(judged(['record 0', 'record 1', 'record 2', 'record 4', 'record 5'], steps, [1, 5])).toEqual([]);
  });

  it('has a hole where an accepted record is missing before a later one: promised or not', () => {
    expect(judged(['record 0', 'record 1', 'record 2', 'record 5'])).toEqual(['order']);
    expect(judged(['record 0', 'record 2'])).toEqual(['durability', 'order', 'candour']);
  });

  it('does not stretch a durable append to earlier appends: that is order', () => {
    const mutations = [append('record 0'), appendDurable('record 1')];
    expect(judged(['record 1'], mutations)).toEqual(['order']);
    expect(judged(['record 0'], mutations)).toEqual(['durability', 'candour']);
  });

  it('keeps the order of issue', () => {
    expect(judged(['record 1', 'record 0', 'record 2'])).toEqual(['order']);
    const displaced = recovered('log', records('record 2', 'record 0', 'record 1'));
    expect(violation(oracles.order(history('log', steps), displaced)).expected).toEqual([
      'step 0: appendDurable 8 bytes "record 0"',
      'step 1: append 8 bytes "record 1"',
    ]);
    expect(judged(['record 0', 'record 1', 'record 2', 'record 5', 'record 4'])).toEqual(['order']);
  });

  it('shows only what was appended, once', () => {
    expect(judged(['record 0', 'record 1', 'record 2', 'stranger'])).toEqual(['integrity', 'candour']);
    expect(judged(['record 0', 'record 0', 'record 1', 'record 2'])).toEqual(['integrity', 'candour']);
    expect(judged(['record 0', 'record 1', 'record 2', 'record 0'])).toEqual(['integrity', 'candour']);
    expect(judged(['', 'record 0', 'record 1', 'record 2'])).toEqual(['integrity', 'candour']);
  });

  it('takes an unknown record for the one whose place it has', () => {
    expect(judged(['record 0', 'rec\0\0\0 1', 'record 2'])).toEqual(['integrity', 'candour']);
    expect(judged(['record 0', 'record 1', 'record'])).toEqual(['integrity', 'candour']);
    expect(judged(['record 0', 'record 4', 'record'])).toEqual([
      'durability',
      'order',
      'integrity',
      'candour',
    ]);
  });

  it('prefers the accepted one of several missing records for an unknown one', () => {
    expect(judged(['record 0', 'altered!', 'record 2'], steps, [1])).toEqual(['integrity', 'candour']);
    const mutations = [append('record 0'), appendDurable('record 1'), appendDurable('record 2')];
    expect(judged(['altered!', 'record 2'], mutations, [0])).toEqual(['integrity', 'candour']);
  });

  it('has all of a batch or none', () => {
    const mutations = [appendDurable('record 0'), appendBatch(['a', 'b', 'c'], false)];
    expect(judged(['record 0'], mutations)).toEqual([]);
    expect(judged(['record 0', 'a', 'b', 'c'], mutations)).toEqual([]);
    expect(judged(['record 0', 'a', 'b'], mutations)).toEqual(['atomicity']);
    expect(judged(['record 0', 'b', 'c'], mutations)).toEqual(['order', 'atomicity']);
    expect(judged(['record 0', 'a'], mutations, [1])).toEqual(['atomicity']);
    expect(judged(['record 0', 'a', 'b', 'X'], mutations)).toEqual(['integrity', 'candour']);
  });

  it('has all of a promised batch', () => {
    const mutations = [appendBatch(['a', 'b', 'c'], true)];
    expect(judged([], mutations)).toEqual(['durability', 'candour']);
    expect(judged(['a', 'b'], mutations)).toEqual(['durability', 'atomicity', 'candour']);
  });

  it('is candid where open reports damage', () => {
    const past = history('log', steps);
    const open = (damage: unknown) => recovered('log', records('record 0'), { open: ok({ damage }) });
    expect(broken(past, open('one segment was dropped'))).toEqual(['durability']);
    expect(broken(past, open(1))).toEqual(['durability']);
    for (const nothing of [undefined, null, false, 0, '']) {
      expect(broken(past, open(nothing))).toEqual(['durability', 'candour']);
    }
  });

  it('cannot be judged where the history does not identify its records', () => {
    const twins = history('log', [append('same'), append('same')]);
    const truncated = history('log', [append('record 0'), { op: 'truncateBefore', position: '1' }]);
    for (const past of [twins, truncated]) {
      expect(unclear(past, recovered('log', []))).toEqual([
        'durability',
        'order',
        'integrity',
        'atomicity',
        'stability',
        'candour',
      ]);
    }
  });
});

it('compares bytes wherever they lie in memory', () => {
  const memory = bytes('record 1record 0');
  const items = [{ data: memory.subarray(8) }, { data: memory.subarray(0, 8) }];
  const past = history('log', [append('record 0'), append('record 1')]);
  expect(broken(past, recovered('log', items))).toEqual([]);
  expect(broken(past, recovered('log', items.toReversed()))).toEqual(['order']);
});

it('judges one observation against each history on its own', () => {
  const observation = recovered('log', records('record 0'));
  expect(broken(history('log', steps), observation)).toEqual(['durability', 'candour']);
  expect(broken(history('log', steps.slice(0, 3)), observation)).toEqual([]);
  expect(broken(history('log', steps), observation)).toEqual(['durability', 'candour']);
});

describe('what a violation says', () => {
  const past = history('log', steps);

  it('names the lost step, and what the log shows instead', () => {
    expect(oracles.durability(past, recovered('log', records('record 0', 'record 1')))).toEqual({
      status: 'violated',
      summary: 'step 2 was promised durable, and its record is not there after recovery',
      expected: ['step 2: append 8 bytes "record 2"'],
      recovered: ['not there', '2 records are shown, the last: 8 bytes "record 1"'],
    });
  });

  it('says where an altered record differs', () => {
    const { summary } = violation(
      oracles.integrity(past, recovered('log', records('record 0', 'rec\0rd 1', 'record 2'))),
    );
    expect(summary).toBe('the record of step 1 came back altered: byte 3 is 0x00, not 0x6f');
    const cut = recovered('log', records('record 0', 'rec', 'record 2'));
    expect(violation(oracles.integrity(past, cut)).summary).toContain('cut after 3 of 8 bytes');
  });

  it('lists eight deviations and counts the rest', () => {
    const many = Array.from({ length: 20 }, (_, index) => appendDurable(`record ${index}`));
    const {
      summary,
      expected,
      recovered: found,
    } = violation(oracles.durability(history('log', many), recovered('log', [])));
    expect(summary).toContain('(and 19 more like it)');
    expect(expected).toHaveLength(9);
    expect(expected.at(-1)).toBe('… and 12 more');
    expect(found.at(-1)).toBe('the log is empty');
  });
});

it('judges long logs in linear time', () => {
  const count = 20_000;
  const texts = Array.from({ length: count }, (_, index) => `record ${index}`);
  const past = history('log', [...texts.map(append)]);
  const backwards = recovered('log', records(...texts.toReversed()));
  const altered = recovered(
    'log',
    texts.map((text) => ({ data: bytes(`${text}!`) })),
  );
  expect(broken(past, backwards)).toEqual(['order']);
  expect(broken(past, altered)).toEqual(['integrity', 'candour']);
});
