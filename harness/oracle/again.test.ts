import { describe, expect, it } from 'vitest';
import type { ScannedItem } from '../subject/subject.ts';
import type { Observation, Outcome } from './evidence.ts';
import {
  append,
  appendDurable,
  broken,
  bytes,
  death,
  history,
  ok,
  pairs,
  put,
  records,
  recovered,
  refusal,
  unclear,
} from './fixtures/cases.ts';

const logHistory = history('log', [appendDurable('record 0'), append('record 1')]);
const kvHistory = history('kv', [put('a', 'value 0'), put('b', 'value 1')]);
const kvItems = pairs(['a', 'value 0'], ['b', 'value 1']);
const unsupported: Outcome<never> = { kind: 'refused', error: { code: 'unsupported', message: 'read only' } };
const invalid: Outcome<never> = { kind: 'refused', error: { code: 'invalid', message: 'no such option' } };
const noStart: Outcome<never> = { kind: 'failure', reason: 'did-not-start', message: 'no such program' };

describe('a recovery that does not open', () => {
  it.each([
    ['refused', refusal],
    ['died', death],
  ])('breaks availability, and durability if anything was promised: %s', (_name, open) => {
    expect(broken(logHistory, { open })).toEqual(['durability', 'availability']);
    expect(broken(kvHistory, { open })).toEqual(['durability', 'availability']);
    expect(broken(history('log', [append('record 0')]), { open })).toEqual(['availability']);
    expect(broken(history('kv', [put('a', 'value 0', false)]), { open })).toEqual(['availability']);
    expect(unclear(logHistory, { open })).toEqual([]);
  });

  it('is the same where it opens but cannot be read', () => {
    const observation = { open: ok(undefined), scan: refusal };
    expect(broken(logHistory, observation)).toEqual(['durability', 'availability']);
  });

  it.each([
    ['unsupported', unsupported],
    ['invalid', invalid],
    ['did not start', noStart],
  ])('is unknown where nobody broke a promise: %s', (_name, open) => {
    expect(broken(logHistory, { open })).toEqual([]);
    expect(unclear(logHistory, { open })).toHaveLength(8);
    expect(unclear(logHistory, { open: ok(undefined) })).toHaveLength(8);
  });
});

describe('the probe', () => {
  const items = records('record 0', 'record 1');
  const judged = (parts: Partial<Observation>) => broken(logHistory, recovered('log', items, parts));
  const again = (second: readonly ScannedItem[]) => ({ again: { open: ok(undefined), scan: ok(second) } });
  const probe = { data: bytes('probe') };

  it('breaks progress where it is refused, and the second recovery is judged all the same', () => {
    const parts = (second: readonly ScannedItem[]) => ({
      probe: { mutations: [appendDurable('probe')], outcome: refusal },
      ...again(second),
    });
    expect(judged(parts(items))).toEqual(['progress']);
    expect(judged(parts([...items, probe]))).toEqual(['progress']);
    expect(judged(parts(items.slice(0, 1)))).toEqual(['progress', 'stability']);
  });

  it('breaks progress where the subject dies over it, and leaves stability unknown', () => {
    const parts = {
      probe: { mutations: [appendDurable('probe')], outcome: death },
      again: { open: death },
    };
    expect(judged(parts)).toEqual(['progress']);
    expect(unclear(logHistory, recovered('log', items, parts))).toEqual(['stability']);
  });

  it('breaks progress where it is lost or before what is older', () => {
    expect(judged(again([...items, probe]))).toEqual([]);
    expect(judged(again(items))).toEqual(['progress']);
    expect(judged(again([probe, ...items]))).toEqual(['progress']);
    expect(judged(again([...items.slice(0, 1), probe, ...items.slice(1)]))).toEqual(['progress']);
  });

  it('keeps its own order', () => {
    const mutations = [appendDurable('probe 0'), appendDurable('probe 1')];
    const parts = (...texts: string[]) => ({
      probe: { mutations, outcome: ok(undefined) },
      ...again(records('record 0', 'record 1', ...texts)),
    });
    expect(judged(parts('probe 0', 'probe 1'))).toEqual([]);
    expect(judged(parts('probe 1', 'probe 0'))).toEqual(['progress']);
    expect(judged(parts('probe 1'))).toEqual(['progress']);
  });

  it('breaks progress and stability where the second open does not succeed', () => {
    expect(judged({ again: { open: refusal } })).toEqual(['progress', 'stability']);
    expect(judged({ again: { open: ok(undefined), scan: death } })).toEqual(['progress', 'stability']);
  });

  it('is unknown where it was not asked, or is not supported', () => {
    const { probe: _, ...unasked } = recovered('log', items, again(items));
    expect(broken(logHistory, unasked)).toEqual([]);
    expect(unclear(logHistory, unasked)).toEqual(['progress']);
    const parts = { probe: { mutations: [appendDurable('probe')], outcome: unsupported } };
    expect(unclear(logHistory, recovered('log', items, parts))).toEqual(['progress']);
  });

  it('is judged by key in a key-value store', () => {
    const kv = (second: readonly ScannedItem[]) =>
      broken(kvHistory, recovered('kv', kvItems, { again: { open: ok(undefined), scan: ok(second) } }));
    const there = pairs(['probe', 'probe']);
    expect(kv([...there, ...kvItems.toReversed()])).toEqual([]);
    expect(kv(kvItems)).toEqual(['progress']);
    expect(kv([...kvItems, ...pairs(['probe', 'other'])])).toEqual(['progress']);
  });
});

describe('the second answer', () => {
  const items = records('record 0', 'record 1');
  const judged = (second: readonly ScannedItem[]) =>
    broken(logHistory, recovered('log', items, { again: { open: ok(undefined), scan: ok(second) } }));
  const probe = { data: bytes('probe') };

  it('breaks stability where a record went, came, changed or moved', () => {
    expect(judged([...items.slice(0, 1), probe])).toEqual(['stability']);
    expect(judged([...items, { data: bytes('zombie') }, probe])).toEqual(['stability']);
    expect(judged([...items, probe, { data: bytes('zombie') }])).toEqual(['stability']);
    expect(judged([...items, probe, probe])).toEqual(['stability']);
    expect(judged([...items.slice(0, 1), { data: bytes('record ?') }, probe])).toEqual(['stability']);
    expect(judged([...items.toReversed(), probe])).toEqual(['stability']);
    expect(judged([...items.map((item) => ({ ...item, position: '9' })), probe])).toEqual(['stability']);
  });

  it('breaks stability where a key went, came or changed', () => {
    const kv = (...entries: readonly (readonly [string, string])[]) =>
      broken(
        kvHistory,
        recovered('kv', kvItems, {
          again: { open: ok(undefined), scan: ok(pairs(...entries, ['probe', 'probe'])) },
        }),
      );
    expect(kv(['b', 'value 1'], ['a', 'value 0'])).toEqual([]);
    expect(kv(['a', 'value 0'])).toEqual(['stability']);
    expect(kv(['a', 'value 0'], ['b', 'value 1'], ['c', 'value 2'])).toEqual(['stability']);
    expect(kv(['a', 'value 0'], ['b', 'value 0'])).toEqual(['stability']);
  });

  it('is judged against the first one, whatever that was worth', () => {
    const wrong = records('record 1', 'stranger');
    expect(broken(logHistory, recovered('log', wrong))).toEqual([
      'durability',
      'order',
      'integrity',
      'candour',
    ]);
  });
});
