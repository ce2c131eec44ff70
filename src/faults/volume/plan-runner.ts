import { createRandom, type Random } from '../model/random.ts';
import { checkPlan, type Firing, type Plan, type PlannedOperation, type PlanRule } from '../plan.ts';

interface Counter {
  readonly rule: PlanRule;
  readonly path: RegExp | undefined;
  readonly random: Random;
  matched: number;
}

/** Counts operations against the rules of a plan, says which rules are due, and keeps which fired. */
export class PlanRunner {
  readonly firings: Firing[] = [];
  readonly #counters: readonly Counter[];

  /** Throws where a rule cannot be. */
  constructor(plan: Plan) {
    checkPlan(plan);
    this.#counters = plan.map((rule, index) => ({
      rule,
      path: rule.path === undefined ? undefined : globPattern(rule.path),
      random: createRandom(rule.seed ?? 0, `rule ${index}`),
      matched: 0,
    }));
  }

  /** To be asked once for each operation, before it is carried out. `paths`: the names of what it works on. */
  due(volume: string, operation: PlannedOperation, paths: () => readonly string[]): PlanRule[] {
    const due: PlanRule[] = [];
    for (const counter of this.#counters) {
      const { rule, path } = counter;
      if (rule.volume !== undefined && rule.volume !== volume) continue;
      if (rule.operation === 'any' ? !leavesTrace(operation) : rule.operation !== operation) continue;
      if (path !== undefined && !paths().some((name) => path.test(name))) continue;
      counter.matched++;
      if (isDue(counter)) due.push(rule);
    }
    return due;
  }

  fire(rule: PlanRule, entry: number): Firing {
    const firing = { rule, entry };
    this.firings.push(firing);
    return firing;
  }
}

function leavesTrace(operation: PlannedOperation): boolean {
  return operation !== 'open' && operation !== 'read';
}

function isDue({ rule, matched, random }: Counter): boolean {
  if (rule.nth !== undefined) return matched === rule.nth;
  if (rule.every !== undefined) return matched % rule.every === 0;
  if (rule.chance !== undefined) return random.chance(Math.round(rule.chance * chanceUnits), chanceUnits);
  return matched >= (rule.from ?? 1) && matched < (rule.until ?? Number.POSITIVE_INFINITY);
}

const chanceUnits = 1_000_000;

/** `*` and `?` stay inside a name; a name that is `**` stands for any number of directories. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|[*?]|[\\^$.|+()[\]{}]/g, (special) => {
    const pattern = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }[special];
    return pattern ?? `\\${special}`;
  });
  return new RegExp(`^${source}$`);
}
