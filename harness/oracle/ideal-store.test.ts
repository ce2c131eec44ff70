import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { createRandom } from '../../src/faults/model/random.ts';
import type { DataModel, Mutation, ScannedItem } from '../subject/subject.ts';
import { createWorkload } from '../workload/workload.ts';
import { broken, history, unclear } from './fixtures/cases.ts';
import { idealCrash, observe } from './fixtures/ideal-store.ts';

/** The tester, tested: an ideal store breaks no claim, and each way of spoiling one breaks exactly the claims that it should. */

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });
const sizes = fc.record({
  operations: fc.integer({ min: 1, max: 30 }),
  batch: fc.integer({ min: 0, max: 4 }),
  valueBytesMax: fc.integer({ min: 1, max: 700 }),
  keys: fc.integer({ min: 1, max: 5 }),
});

describe.each(['log', 'kv'] as const)('an ideal store (%s)', (model: DataModel) => {
  test.prop([sizes, seeds], { numRuns: 1500 })('breaks no claim', (settings, seed) => {
    const workload = createWorkload(model, settings, ['batch'], seed);
    const { history: past, observation } = idealCrash(model, workload, createRandom(seed, 'crash'));
    expect(broken(past, observation)).toEqual([]);
    expect(unclear(past, observation)).toEqual([]);
  });
});

/** A log that promised everything, and kept it. */
function promisedLog(seed: number, operations: number) {
  const settings = { operations, batch: 3, valueBytesMax: 300, keys: 1 };
  const mutations = createWorkload('log', settings, ['batch'], seed).map(promise);
  const steps = mutations.flatMap((mutation, step) =>
    'data' in mutation ? [mutation.data].flat().map(() => step) : [],
  );
  const items = mutations.flatMap((mutation) =>
    'data' in mutation ? [mutation.data].flat().map((data): ScannedItem => ({ data })) : [],
  );
  const isBatch = (item: number) => mutations[steps[item] ?? -1]?.op === 'appendBatch';
  return { past: history('log', mutations), items, isBatch };
}

function promise(mutation: Mutation): Mutation {
  if (mutation.op === 'append') return { ...mutation, op: 'appendDurable' };
  return mutation.op === 'appendBatch' ? { ...mutation, durable: true } : mutation;
}

const spoiled = fc.record({
  seed: seeds,
  operations: fc.integer({ min: 3, max: 20 }),
  at: fc.nat(),
  offset: fc.nat(),
});

describe('a spoiled log', () => {
  const spoil = (
    { seed, operations, at }: { readonly seed: number; readonly operations: number; readonly at: number },
    change: (items: ScannedItem[], at: number) => void,
  ) => {
    const { past, items, isBatch } = promisedLog(seed, operations);
    const index = at % (items.length - 1);
    const changed = [...items];
    change(changed, index);
    return { claims: broken(past, observe('log', changed)), inBatch: isBatch(index) };
  };

  test.prop([spoiled])('that lost a promised record in the middle: durability, order, candour', (choice) => {
    const { claims, inBatch } = spoil(choice, (items, at) => items.splice(at, 1));
    const half = inBatch ? (['atomicity'] as const) : [];
    expect(claims).toEqual(['durability', 'order', ...half, 'candour']);
  });

  test.prop([spoiled])('that lost its promised end: durability, candour', (choice) => {
    const { past, items, isBatch } = promisedLog(choice.seed, choice.operations);
    const half = isBatch(items.length - 1) ? (['atomicity'] as const) : [];
    expect(broken(past, observe('log', items.slice(0, -1)))).toEqual(['durability', ...half, 'candour']);
  });

  test.prop([spoiled])('that swapped two records: order', (choice) => {
    const { claims } = spoil(choice, (items, at) =>
      items.splice(at, 2, ...items.slice(at, at + 2).reverse()),
    );
    expect(claims).toEqual(['order']);
  });

  test.prop([spoiled])('that altered a byte: integrity, candour', (choice) => {
    const { claims } = spoil(choice, (items, at) => {
      const data = items[at]?.data.slice() ?? new Uint8Array(1);
      const offset = choice.offset % data.length;
      data[offset] = (data[offset] ?? 0) ^ 0x80;
      items[at] = { data };
    });
    expect(claims).toEqual(['integrity', 'candour']);
  });

  test.prop([spoiled, fc.nat()])('that shows a record twice: integrity, candour', (choice, to) => {
    const { claims } = spoil(choice, (items, at) => {
      items.splice(to % (items.length + 1), 0, ...items.slice(at, at + 1).map(({ data }) => ({ data })));
    });
    // Where the copy comes first, it is the original that is out of place.
    expect(claims.filter((claim) => claim !== 'order')).toEqual(['integrity', 'candour']);
  });

  test.prop([spoiled])('that invented a record: integrity, candour', (choice) => {
    const { claims } = spoil(choice, (items, at) => {
      items.splice(at, 0, { data: new TextEncoder().encode('a stranger') });
    });
    expect(claims).toEqual(['integrity', 'candour']);
  });
});

describe('a spoiled key-value store', () => {
  test.prop([seeds, fc.integer({ min: 2, max: 30 })])(
    'that shows what the last promised step replaced: durability, candour',
    (seed, operations) => {
      const settings = { operations, batch: 0, valueBytesMax: 300, keys: 3 };
      const mutations = createWorkload('kv', settings, [], seed)
        .filter((mutation) => mutation.op !== 'sync')
        .map((mutation) => ({ ...mutation, durable: true }));
      const last = mutations.at(-1);
      const stale = stateOf(mutations.slice(0, -1));
      const fresh = stateOf(mutations);
      fc.pre(last !== undefined && stale.size + fresh.size > 0);
      const past = history('kv', mutations);
      expect(broken(past, observe('kv', [...fresh.values()]))).toEqual([]);
      // Deleting what is not there changes nothing that could be lost.
      const same = last?.op === 'delete' && stale.size === fresh.size;
      expect(broken(past, observe('kv', [...stale.values()]))).toEqual(same ? [] : ['durability', 'candour']);
    },
  );
});

function stateOf(mutations: readonly Mutation[]): ReadonlyMap<string, ScannedItem> {
  const state = new Map<string, ScannedItem>();
  for (const mutation of mutations) {
    if (mutation.op !== 'put' && mutation.op !== 'delete') continue;
    const name = new TextDecoder().decode(mutation.key);
    if (mutation.op === 'put') state.set(name, { key: mutation.key, data: mutation.value });
    else state.delete(name);
  }
  return state;
}
