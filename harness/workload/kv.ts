import { createRandom, type Random } from '../../src/faults/model/random.ts';
import type { Scenario } from '../scenario.ts';
import type { Mutation } from '../subject/subject.ts';
import { createValue } from './value.ts';

type Settings = Scenario['workload'];

/**
 * Puts, overwrites, deletes and puts of deleted keys, promised or not, with a sync that comes sooner the more of them
 * wait. The first step is promised, so that the smallest workload already tests something.
 *
 * Deleting a key that is not there is legal, so every subset of the steps is a workload too.
 */
export function createKvWorkload(settings: Settings, seed: number, first = 0): readonly Mutation[] {
  const steps: Mutation[] = [];
  let recent = 0;
  let unsynced = 0;
  for (let index = first; index < first + settings.operations; index++) {
    const random = createRandom(seed, `kv/${index}`);
    if (random.chance(unsynced, unsynced + 4)) {
      steps.push({ op: 'sync' });
      unsynced = 0;
      continue;
    }
    // Every third step goes back to the key before: what is overwritten or deleted at once is where engines trip.
    recent = index > 0 && random.chance(1, 3) ? recent : random.below(settings.keys);
    const durable = index === 0 || random.chance(1, 2);
    steps.push(createStep(random, index, recent, durable, settings));
    if (!durable) unsynced++;
  }
  return steps;
}

function createStep(
  random: Random,
  index: number,
  keyNumber: number,
  durable: boolean,
  settings: Settings,
): Mutation {
  const key = new TextEncoder().encode(`key-${keyNumber}`);
  if (index > 0 && random.chance(1, 5)) return { op: 'delete', key, durable };
  return { op: 'put', key, value: createValue(random, `value ${index}`, settings.valueBytesMax), durable };
}
