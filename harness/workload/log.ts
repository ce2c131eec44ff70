import { createRandom, type Random } from '../../src/faults/model/random.ts';
import type { Scenario } from '../scenario.ts';
import type { Mutation } from '../subject/subject.ts';
import { createValue } from './value.ts';

type Settings = Scenario['workload'];

/**
 * Appends of every kind. The first step is promised, the second is a batch where the subject has them: the smallest
 * workload already tests something. What is not promised waits for a sync, which comes sooner the more of it waits.
 *
 * No step needs an earlier one, so every subset of the steps is a workload too.
 */
export function createLogWorkload(
  settings: Settings,
  batches: boolean,
  seed: number,
  first = 0,
): readonly Mutation[] {
  const steps: Mutation[] = [];
  let unsynced = 0;
  for (let index = first; index < first + settings.operations; index++) {
    const random = createRandom(seed, `log/${index}`);
    const kind = chooseKind(random, index, batches && settings.batch > 0, unsynced);
    const step = createStep(kind, random, index, settings);
    steps.push(step);
    if (step.op === 'sync') unsynced = 0;
    else if (step.op === 'append' || (step.op === 'appendBatch' && !step.durable)) unsynced++;
  }
  return steps;
}

function chooseKind(random: Random, index: number, batches: boolean, unsynced: number) {
  if (index === 0) return 'appendDurable';
  if (index === 1 && batches) return 'appendBatch';
  if (random.chance(unsynced, unsynced + 3)) return 'sync';
  const choice = random.below(10);
  if (choice < 2 && batches) return 'appendBatch';
  return choice < 6 ? 'append' : 'appendDurable';
}

function createStep(
  op: 'append' | 'appendDurable' | 'appendBatch' | 'sync',
  random: Random,
  index: number,
  { batch, valueBytesMax }: Settings,
): Mutation {
  switch (op) {
    case 'sync':
      return { op };
    case 'appendBatch': {
      const names = Array.from({ length: batch }, (_, part) => `record ${index}.${part}`);
      const data = names.map((name) => createValue(random, name, valueBytesMax));
      return { op, data, durable: random.chance(1, 2) };
    }
    default:
      return { op, data: createValue(random, `record ${index}`, valueBytesMax) };
  }
}
