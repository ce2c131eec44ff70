import type { Plan, PlanRule } from '../plan.ts';

/** The faults that dm-flakey has, and how its table asks for them: docs/dm.md, "Faults". */

/** dm-flakey knows no operations, no files and no counting: from when it is in place, each request is befallen. */
const counting = ['path', 'nth', 'every', 'from', 'until'] as const satisfies readonly (keyof PlanRule)[];

const partsPerChance = 1_000_000_000;
const sectorBytes = 512;
const otherByte = 0xa5;

/** The one rule of a plan; undefined for an empty plan. Throws an Error that says what has no counterpart, and where it has. */
export function flakeyRule(plan: Plan): PlanRule | undefined {
  const [rule, ...others] = plan;
  if (rule === undefined) return undefined;
  if (others.length > 0)
    throw new Error(`dm-flakey has one fault at a time, and the plan has ${plan.length} rules`);
  featuresFor(rule);
  return rule;
}

/** The features of dm-flakey's table that are the rule's fault. Throws an Error that says why there are none. */
export function featuresFor(rule: PlanRule): readonly string[] {
  const counted = counting.find((key) => rule[key] !== undefined);
  if (counted !== undefined) throw refused(rule, `each request is befallen, so it can have no ${counted}`);
  const { fault, operation } = rule;
  if (rule.chance !== undefined && fault !== 'bit-rot') throw refused(rule, 'only bit-rot can have a chance');
  switch (fault) {
    case 'io-error':
      if ((rule.errno ?? 'EIO') !== 'EIO') throw refused(rule, `the error is EIO, not ${rule.errno}`);
      if (rule.part !== undefined || rule.lasts !== undefined)
        throw refused(rule, 'a request fails as a whole, and once');
      if (operation === 'any') return [];
      if (operation === 'write') return ['error_writes'];
      if (operation === 'read') return ['error_reads'];
      break;
    case 'lost-write':
      return ['drop_writes'];
    case 'bit-rot':
      if (operation === 'read' && rule.at === 'read') return corruption('read', rule);
      if (operation === 'write') return corruption('write', rule);
      break;
  }
  throw refused(
    rule,
    'it has io-error on any, read and write, lost-write, bit-rot on write, and bit-rot at read on read',
  );
}

/** With a chance, any byte of a request becomes any other, with that probability; else one byte of each becomes the same one. */
function corruption(direction: 'read' | 'write', { chance, seed = 0 }: PlanRule): readonly string[] {
  if (chance !== undefined)
    return [`random_${direction}_corrupt`, String(Math.round(chance * partsPerChance))];
  const place = 1 + (Math.abs(seed) % sectorBytes);
  return ['corrupt_bio_byte', String(place), direction === 'read' ? 'r' : 'w', String(otherByte), '0'];
}

function refused({ fault, operation }: PlanRule, why: string): Error {
  return new Error(
    `dm-flakey has no such fault as this ${fault} on ${operation}: ${why}; the fuse and block layers have it`,
  );
}
