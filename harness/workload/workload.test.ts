import { describe, expect, it } from 'vitest';
import type { DataModel, Mutation } from '../subject/subject.ts';
import { createWorkload, probeMutations, whyUntested } from './workload.ts';

const settings = { operations: 200, batch: 3, valueBytesMax: 5000, keys: 4 };
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

function valuesOf(mutation: Mutation): readonly Uint8Array[] {
  if ('value' in mutation) return [mutation.value];
  return 'data' in mutation ? [mutation.data].flat() : [];
}

describe.each(['log', 'kv'] as const)('a workload (%s)', (model: DataModel) => {
  const workload = createWorkload(model, settings, ['batch'], 7);

  it('follows from the seed', () => {
    expect(createWorkload(model, settings, ['batch'], 7)).toEqual(workload);
    expect(createWorkload(model, settings, ['batch'], 8)).not.toEqual(workload);
  });

  it('begins with the shorter one of the same seed', () => {
    const short = createWorkload(model, { ...settings, operations: 20 }, ['batch'], 7);
    expect(short).toEqual(workload.slice(0, 20));
  });

  it('promises something with its first step', () => {
    for (let seed = 0; seed < 50; seed++) {
      const [first] = createWorkload(model, { ...settings, operations: 1 }, [], seed);
      expect(first).toMatchObject(model === 'log' ? { op: 'appendDurable' } : { op: 'put', durable: true });
    }
  });

  it('has unique values that begin with their name', () => {
    const values = workload.flatMap(valuesOf).map(text);
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value).toMatch(/^(record|value) \d+(\.\d)? /);
  });

  it('keeps values unique and named when they must be tiny', () => {
    const tiny = createWorkload(model, { ...settings, valueBytesMax: 1 }, ['batch'], 7)
      .flatMap(valuesOf)
      .map(text);
    expect(new Set(tiny).size).toBe(tiny.length);
    expect(Math.max(...tiny.map((value) => value.length))).toBeLessThanOrEqual('record 199.2 '.length);
  });

  it('has values of every size that matters', () => {
    const lengths = workload.flatMap(valuesOf).map((value) => value.length);
    const near = (boundary: number) => lengths.filter((length) => Math.abs(length - boundary) <= 64).length;
    expect(near(16)).toBeGreaterThan(10);
    expect(near(512)).toBeGreaterThan(10);
    expect(near(4096)).toBeGreaterThan(3);
    expect(lengths).toContain(settings.valueBytesMax);
    expect(Math.max(...lengths)).toBe(settings.valueBytesMax);
  });

  it('has values with zeros at their end and inside', () => {
    const values = workload.flatMap(valuesOf).map(text);
    expect(values.some((value) => value.endsWith('\0\0\0\0\0\0\0\0'))).toBe(true);
    expect(values.some((value) => /\0{8}[^\0]+$/.test(value))).toBe(true);
  });

  it('mixes promised and unpromised steps, with syncs behind them', () => {
    const durable = (mutation: Mutation) =>
      mutation.op === 'appendDurable' || ('durable' in mutation && mutation.durable);
    expect(workload.filter(durable).length).toBeGreaterThan(30);
    expect(workload.filter((mutation) => !durable(mutation)).length).toBeGreaterThan(30);
    const syncs = [...workload.keys()].filter((index) => workload[index]?.op === 'sync');
    expect(syncs.length).toBeGreaterThan(5);
    for (const index of syncs) expect(workload.slice(0, index).some((step) => !durable(step))).toBe(true);
  });
});

describe('a log workload', () => {
  it('has batches, promised and not, as its second step too', () => {
    const workload = createWorkload('log', settings, ['batch'], 7);
    expect(workload[1]?.op).toBe('appendBatch');
    const batches = workload.flatMap((mutation) => (mutation.op === 'appendBatch' ? [mutation] : []));
    expect(batches.every(({ data }) => data.length === 3)).toBe(true);
    expect(new Set(batches.map(({ durable }) => durable)).size).toBe(2);
  });

  it('has none where the subject or the scenario has none', () => {
    const ops = (features: readonly string[], batch: number) =>
      createWorkload('log', { ...settings, batch }, features, 7).map(({ op }) => op);
    expect(ops([], 3)).not.toContain('appendBatch');
    expect(ops(['batch'], 0)).not.toContain('appendBatch');
  });
});

describe('a key-value workload', () => {
  it('overwrites, deletes and puts deleted keys again', () => {
    const workload = createWorkload('kv', settings, [], 7);
    const history = new Map<string, string>();
    for (const mutation of workload) {
      if (mutation.op !== 'put' && mutation.op !== 'delete') continue;
      const key = text(mutation.key);
      history.set(key, (history.get(key) ?? '') + mutation.op[0]);
    }
    expect([...history.keys()].sort()).toEqual(['key-0', 'key-1', 'key-2', 'key-3']);
    for (const ops of history.values()) {
      expect(ops).toContain('pp');
      expect(ops).toContain('pdp');
    }
  });
});

describe('the probe', () => {
  it('is durable, of no workload and of no other round', () => {
    for (const model of ['log', 'kv'] as const) {
      const values = [...probeMutations(model, 7), ...probeMutations(model, 7, 1)]
        .flatMap(valuesOf)
        .map(text);
      expect(values).toHaveLength(4);
      expect(new Set(values).size).toBe(4);
      for (const value of values) expect(value).toMatch(/^probe [01]\.[01] /);
    }
    expect(probeMutations('log', 7)).toMatchObject([{ op: 'appendDurable' }, { op: 'appendDurable' }]);
    expect(probeMutations('kv', 7)).toMatchObject([{ durable: true }, { durable: true }]);
  });
});

describe('what a workload puts to the test', () => {
  const value = new Uint8Array(1);

  it('is no durability without a promise', () => {
    const unpromised: Mutation[] = [{ op: 'sync' }, { op: 'append', data: value }];
    expect(whyUntested('durability', unpromised)).toContain('no durable step');
    expect(whyUntested('durability', [...unpromised, { op: 'sync' }])).toBeUndefined();
    expect(whyUntested('durability', [{ op: 'appendDurable', data: value }])).toBeUndefined();
  });

  it('is no atomicity without a batch', () => {
    const batch = (count: number): Mutation => ({
      op: 'appendBatch',
      data: Array(count).fill(value),
      durable: false,
    });
    expect(whyUntested('atomicity', [batch(1)])).toContain('no batch');
    expect(whyUntested('atomicity', [batch(2)])).toBeUndefined();
  });

  it('is nothing where nothing is written', () => {
    expect(whyUntested('integrity', [{ op: 'sync' }])).toContain('writes nothing');
    expect(whyUntested('integrity', [{ op: 'append', data: value }])).toBeUndefined();
  });
});
