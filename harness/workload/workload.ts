import type { Claim } from '../../reports/verdict.ts';
import { createRandom } from '../../src/faults/model/random.ts';
import type { Scenario } from '../scenario.ts';
import type { DataModel, Mutation } from '../subject/subject.ts';
import { createKvWorkload } from './kv.ts';
import { createLogWorkload } from './log.ts';
import { createValueOfLength } from './value.ts';

/**
 * The operations that a run asks of its subject: the same ones for the same arguments. A longer workload begins with the
 * shorter one of the same seed, and any subset of the steps, in order, is a workload too.
 *
 * `features` are those of the subject's hello: without `batch` there are no batches. `first` is the number of the first
 * step: steps with different numbers have different values.
 */
export function createWorkload(
  model: DataModel,
  settings: Scenario['workload'],
  features: readonly string[],
  seed: number,
  first = 0,
): readonly Mutation[] {
  return model === 'log'
    ? createLogWorkload(settings, features.includes('batch'), seed, first)
    : createKvWorkload(settings, seed, first);
}

/**
 * Two fresh durable mutations that ask a recovered subject whether it still works: a short one and one that crosses a sector.
 * Their values and keys are of no workload, and of no other `round`: count it up where one history is probed more than once.
 */
export function probeMutations(model: DataModel, seed: number, round = 0): readonly Mutation[] {
  return [24, 600].map((lengthBytes, part) => {
    const name = `probe ${round}.${part}`;
    const data = createValueOfLength(createRandom(seed, name), name, lengthBytes);
    if (model === 'log') return { op: 'appendDurable', data };
    return { op: 'put', key: new TextEncoder().encode(`probe-${round}-${part}`), value: data, durable: true };
  });
}

/**
 * Why these steps cannot break `claim`, if they cannot: a claim that was never put to the test has not held.
 */
export function whyUntested(claim: Claim, steps: readonly Mutation[]): string | undefined {
  switch (claim) {
    case 'durability':
      return steps.some(promises) ? undefined : 'the workload has no durable step and no sync';
    case 'atomicity':
      return steps.some((step) => step.op === 'appendBatch' && step.data.length > 1)
        ? undefined
        : 'the workload has no batch of two or more records';
    default:
      return steps.some((step) => step.op !== 'sync') ? undefined : 'the workload writes nothing';
  }
}

function promises(step: Mutation, index: number, steps: readonly Mutation[]): boolean {
  if (step.op === 'sync') return steps.slice(0, index).some((earlier) => earlier.op !== 'sync');
  return step.op === 'appendDurable' || ('durable' in step && step.durable);
}
