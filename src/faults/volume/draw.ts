import { createHash } from 'node:crypto';
import { createRandom, type Random } from '../model/random.ts';
import type { PlanRule } from '../plan.ts';

/** Choices of a fault that come from its seed and the bytes that it befalls: the same operation again draws the same. */
export function drawing({ seed = 0, fault }: PlanRule, bytes: Uint8Array): Random {
  return createRandom(seed, `${fault} ${createHash('sha1').update(bytes).digest('hex')}`);
}

export function drawFrom<T>(items: readonly T[], rule: PlanRule, bytes: Uint8Array): T | undefined {
  return items.length === 0 ? undefined : items[drawing(rule, bytes).below(items.length)];
}
