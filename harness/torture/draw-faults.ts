import type { Random } from '../../src/faults/model/random.ts';
import { type Plan, type PlannedOperation, type PlanRule, planRuleSchema } from '../../src/faults/plan.ts';
import { failureOn, type LiveFault } from '../live-faults.ts';

/** How many operations of each kind the subject's workload is known to ask of a volume. */
export type Uses = ReadonlyMap<PlannedOperation, number>;

/** One of them alone, every second time; else each of them at the same odds, low or high. */
export function drawSome<T>(random: Random, all: readonly T[]): readonly T[] {
  const odds = [0, 0, 1, 2][random.below(4)] ?? 0;
  const some = odds === 0 ? [] : all.filter(() => random.chance(odds, 4));
  return some.length > 0 ? some : [pick(random, all)];
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.below(Math.max(1, items.length))];
  if (item === undefined) throw new RangeError('there is nothing to draw from');
  return item;
}

/** The kinds of operation at which a fault may befall this subject. */
export function operationsFor(fault: LiveFault | 'process-kill', uses: Uses): PlannedOperation[] {
  const known = fault === 'io-error' ? [...uses.keys(), ...lookingKinds] : [...uses.keys()];
  return known.filter(
    (operation) =>
      !(fault === 'disk-full' && operation === 'set-xattr') &&
      planRuleSchema.safeParse({ fault, operation }).success,
  );
}

/** These leave no trace, so nobody knows how many there are. */
const lookingKinds = ['open', 'read'] as const;
const looksTaken = 12;

/** A rule, or several, for one live fault. `share`: how many times the known workload this one is. */
export function drawRules(
  random: Random,
  fault: LiveFault,
  settings: {
    readonly uses: Uses;
    readonly share: number;
    readonly volume: string | undefined;
    readonly profile: string;
  },
): Plan {
  const kinds = operationsFor(fault, settings.uses);
  if (kinds.length === 0) return [];
  const { volume } = settings;
  const count = random.chance(1, 4) ? 3 : 1;
  return Array.from({ length: count }, () => {
    const operation = pick(random, kinds);
    const times = expected(operation, settings);
    const rule = {
      operation,
      fault,
      ...drawWhen(random, fault, times),
      ...drawManner(random, fault, operation),
    };
    const as = fault === 'fsync-error' ? failureOn(settings.profile) : {};
    return planRuleSchema.parse({ ...rule, ...as, ...(volume === undefined ? {} : { volume }) });
  });
}

/** A kill at one operation: of any kind as often as it comes, or of a kind that may be rare. */
export function drawKill(
  random: Random,
  settings: { readonly uses: Uses; readonly share: number },
): PlanRule {
  const kinds = operationsFor('process-kill', settings.uses);
  if (kinds.length === 0) return { operation: 'any', nth: 1, fault: 'process-kill' };
  const all = kinds.flatMap((kind) => Array.from({ length: settings.uses.get(kind) ?? 0 }, () => kind));
  const operation = random.chance(1, 2) ? pick(random, all) : pick(random, kinds);
  return { operation, nth: 1 + random.below(expected(operation, settings)), fault: 'process-kill' };
}

function expected(
  operation: PlannedOperation,
  { uses, share }: { readonly uses: Uses; readonly share: number },
): number {
  return 1 + Math.ceil((uses.get(operation) ?? looksTaken) * share);
}

function drawWhen(random: Random, fault: LiveFault, times: number) {
  const seed = random.below(2 ** 31);
  const first = 1 + random.below(times);
  // A full disk stays full for a while.
  const kind = fault === 'disk-full' ? 4 : random.below(6);
  switch (kind) {
    case 3:
      return { chance: 1 / (1 + random.below(20)), seed };
    case 4:
      return random.chance(1, 2)
        ? { from: first, seed }
        : { from: first, until: first + 1 + random.below(times), seed };
    case 5:
      return { every: first, seed };
    default:
      return { nth: first, seed };
  }
}

function drawManner(random: Random, fault: LiveFault, operation: PlannedOperation) {
  const part = operation === 'write' ? { part: [0, 0.5, 1][random.below(3)] ?? 0 } : {};
  if (fault === 'disk-full') return part;
  if (fault !== 'io-error') return {};
  const lasts = operation === 'read' || operation === 'write' ? random.chance(1, 4) : false;
  return { ...part, ...(lasts ? { lasts: 'until-rewritten' } : {}) };
}
