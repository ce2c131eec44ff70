import { createRandom, type Random } from '../model/random.ts';
import {
  checkPlan,
  type Firing,
  type Plan,
  type PlannedOperation,
  type PlanRule,
  type RuleState,
  takenId,
} from '../plan.ts';
import { namePattern, pathPattern } from './wildcards.ts';

/** A rule in place, and what it has counted. */
interface Counter {
  readonly id: string;
  readonly rule: PlanRule;
  readonly path: RegExp | undefined;
  readonly event: RegExp | undefined;
  readonly random: Random;
  readonly placedAtMs: number;
  waiting: boolean;
  matched: number;
  wasDue: boolean;
  fired: number;
  /** Why it befell nothing when it was due last. */
  missed: string | undefined;
}

/** Where a rule fires. */
export type Occasion = Omit<Firing, 'id' | 'rule'>;

/** Counts operations against the rules of a plan, says which rules are due, and keeps which fired. */
export class PlanRunner {
  readonly firings: Firing[] = [];
  readonly #nowMs: () => number;
  #counters: readonly Counter[] = [];
  #placed = 0;

  /** Throws where a rule cannot be. `nowMs`: milliseconds of any clock. */
  constructor(plan: Plan, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.add(plan);
  }

  /** Puts rules in place behind the others, and answers their ids. Throws, and adds none, where one cannot be. */
  add(rules: Plan): string[] {
    checkPlan(rules);
    const taken = rules.find(({ id }) => this.#counters.some((counter) => counter.id === id));
    if (taken?.id !== undefined) throw new Error(takenId(taken.id));
    const named = new Set(rules.map(({ id }) => id));
    const added = rules.map((rule) => this.#counterOf(rule, named));
    this.#counters = [...this.#counters, ...added];
    return added.map(({ id }) => id);
  }

  /** Takes the rules away whose ids match the wildcards, and answers their ids. */
  clear(pattern: string): string[] {
    const [kept, cleared] = split(this.#counters, ({ id }) => !namePattern(pattern).test(id));
    this.#counters = kept;
    return cleared.map(({ id }) => id);
  }

  states(): RuleState[] {
    return this.#counters.map((counter) => {
      const { id, rule, waiting, matched, wasDue, fired } = counter;
      const why = fired > 0 ? undefined : whyNot(counter);
      return { id, rule, waiting, matched, wasDue, fired, ...(why === undefined ? {} : { why }) };
    });
  }

  /** An event has come to pass: the rules that stand after it count from now on. Answers their ids. */
  event(name: string): string[] {
    const set = this.#counters.filter(({ waiting, event }) => waiting && event?.test(name) === true);
    for (const counter of set) counter.waiting = false;
    return set.map(({ id }) => id);
  }

  /** To be asked once for each operation, before it is carried out. `paths`: the names of what it works on. */
  due(volume: string, operation: PlannedOperation, paths: () => readonly string[]): PlanRule[] {
    const due: PlanRule[] = [];
    for (const counter of this.#counters) {
      const { rule, path } = counter;
      if (counter.waiting) continue;
      if (rule.volume !== undefined && rule.volume !== volume) continue;
      if (rule.operation === 'any' ? !leavesTrace(operation) : rule.operation !== operation) continue;
      if (path !== undefined && !paths().some((name) => path.test(name))) continue;
      counter.matched++;
      if (!this.#isDue(counter)) continue;
      counter.wasDue = true;
      due.push(rule);
    }
    return due;
  }

  /** A rule that was due has befallen something. Where its author gave it an id, that is an event. */
  fire(rule: PlanRule, occasion: Occasion): Firing {
    const counter = this.#counters.find((one) => one.rule === rule);
    const firing = { id: counter?.id ?? '', rule, ...occasion };
    if (counter !== undefined) counter.fired++;
    this.firings.push(firing);
    if (rule.id !== undefined) this.event(rule.id);
    return firing;
  }

  /** A rule that was due found nothing that it could befall. */
  miss(rule: PlanRule, why: string): void {
    const counter = this.#counters.find((one) => one.rule === rule);
    if (counter !== undefined) counter.missed = why;
  }

  #counterOf(rule: PlanRule, named: ReadonlySet<string | undefined>): Counter {
    // What is drawn hangs on the rule's place, not on its id.
    const random = createRandom(rule.seed ?? 0, `rule ${this.#placed}`);
    return {
      id: this.#idOf(rule, named),
      rule: { ...rule },
      path: rule.path === undefined ? undefined : pathPattern(rule.path),
      event: rule.after === undefined ? undefined : namePattern(rule.after),
      random,
      placedAtMs: this.#nowMs(),
      waiting: rule.after !== undefined,
      matched: 0,
      wasDue: false,
      fired: 0,
      missed: undefined,
    };
  }

  /** Where it says none: its number among all rules that there ever were, or the next that nobody has. */
  #idOf(rule: PlanRule, named: ReadonlySet<string | undefined>): string {
    const isTaken = (id: string) => named.has(id) || this.#counters.some((counter) => counter.id === id);
    this.#placed++;
    if (rule.id !== undefined) return rule.id;
    while (isTaken(String(this.#placed))) this.#placed++;
    return String(this.#placed);
  }

  #isDue({ rule, matched, random, placedAtMs, wasDue }: Counter): boolean {
    if (rule.nth !== undefined) return matched === rule.nth;
    if (rule.every !== undefined) return matched % rule.every === 0;
    if (rule.chance !== undefined) return random.chance(Math.round(rule.chance * chanceUnits), chanceUnits);
    if (rule.fault === 'process-kill' && rule.atMs !== undefined)
      return !wasDue && this.#nowMs() >= placedAtMs + rule.atMs;
    return matched >= (rule.from ?? 1) && matched < (rule.until ?? Number.POSITIVE_INFINITY);
  }
}

const chanceUnits = 1_000_000;

function leavesTrace(operation: PlannedOperation): boolean {
  return operation !== 'open' && operation !== 'read';
}

function whyNot({ rule, waiting, matched, wasDue, missed }: Counter): string {
  if (wasDue) return missed ?? 'another rule befell the operation first';
  if (waiting) return `it stands after ${rule.after}, which has not come to pass`;
  const what = `${rule.operation === 'any' ? 'operation' : rule.operation}${rule.path === undefined ? '' : ` of ${rule.path}`}`;
  if (matched === 0) return `there was no ${what}`;
  return `its time has not come: it has counted ${matched} (${what})`;
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
