import { describe, expect, it } from 'vitest';
import type { TraceEntry } from '../src/faults/model/recording.ts';
import { emptyTree } from '../src/faults/model/tree.ts';
import {
  type Conversation,
  historyAt,
  linesAt,
  promisesBefore,
  type RecordedRun,
  stepsBefore,
} from './recorded-run.ts';
import type { Mutation } from './subject/subject.ts';

const data = new Uint8Array([1]);
const append: Mutation = { op: 'append', data };
const appendDurable: Mutation = { op: 'appendDurable', data };
const sync: Mutation = { op: 'sync' };

function runOf(acknowledgements: readonly string[], conversation: Conversation): RecordedRun {
  const trace = acknowledgements.map((text): TraceEntry => ({ kind: 'acknowledgement', text }));
  return { recording: { base: emptyTree(['data']), trace }, conversation, firings: [], exploredUpTo: -1 };
}

function requests(
  mutations: readonly Mutation[],
  more: Partial<Extract<Conversation, { kind: 'requests' }>> = {},
) {
  const steps = mutations.map((mutation, index) => ({ index, mutation }));
  return { kind: 'requests', model: 'log', settled: [], steps, ...more } as const;
}

describe('historyAt', () => {
  const run = runOf(['0', '1', '2', '3'], requests([append, append, sync, appendDurable]));

  it('promises nothing before the acknowledgement', () => {
    expect(historyAt(run, 0).steps.map(({ accepted, durable }) => [accepted, durable])).toEqual([
      [false, false],
      [false, false],
      [false, false],
      [false, false],
    ]);
  });

  it('an accepted append is durable once a later sync is', () => {
    expect(historyAt(run, 2).steps.map(({ durable }) => durable)).toEqual([false, false, false, false]);
    expect(historyAt(run, 3).steps.map(({ durable }) => durable)).toEqual([true, true, true, false]);
  });

  it('a durable append promises itself, and not what was refused before it', () => {
    const refused = runOf(['1'], requests([append, appendDurable]));
    expect(historyAt(refused, 1).steps.map(({ accepted, durable }) => [accepted, durable])).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it('a sync promises nothing of what was asked before an earlier crash', () => {
    const settled = [{ index: 0, mutation: append, accepted: true, durable: false }];
    const steps = [{ index: 1, mutation: sync }];
    const later = runOf(['1'], { kind: 'requests', model: 'log', settled, steps });
    expect(historyAt(later, 1).steps.map(({ durable }) => durable)).toEqual([false, true]);
  });

  it('what was shown counts from its acknowledgement on, and an older showing until then', () => {
    const shown = { afterSteps: 1, items: [{ data }] };
    const shownBefore = { afterSteps: 0, items: [] };
    const again = runOf(['shown'], requests([append], { shown, shownBefore }));
    expect(historyAt(again, 0).shown).toBe(shownBefore);
    expect(historyAt(again, 1).shown).toBe(shown);
  });
});

describe('stepsBefore', () => {
  const run = runOf(['0', '1'], requests([append, append, append, append]));

  it('has what was answered, and the one that was under way', () => {
    expect(stepsBefore(run, 0).map(({ index }) => index)).toEqual([0]);
    expect(stepsBefore(run, 2).map(({ index }) => index)).toEqual([0, 1, 2]);
  });
});

describe('lines and promises', () => {
  const run = runOf(['a', 'b'], { kind: 'lines', settled: ['before'] });

  it('lines printed before this recording stay printed', () => {
    expect(linesAt(run, 1)).toEqual(['before', 'a']);
  });

  it('counts the promises before each point', () => {
    expect(promisesBefore(run)).toEqual([0, 1, 2]);
  });
});
