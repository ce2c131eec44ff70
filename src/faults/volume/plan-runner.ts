import type { Operation } from '../model/operation.ts';
import type { Firing, Plan, PlanRule } from '../plan.ts';

/** Counts operations against the rules of a plan, and says which rule fires. */
export class PlanRunner {
  readonly firings: Firing[] = [];
  readonly #rules: readonly { readonly rule: PlanRule; matched: number }[];

  constructor(plan: Plan) {
    for (const rule of plan) checkRule(rule);
    this.#rules = plan.map((rule) => ({ rule, matched: 0 }));
  }

  /** To be asked once for each operation, before it is carried out. A kill goes before an error: the dead see no error. */
  next(volume: string, kind: Operation['kind'], entry: number): Firing | undefined {
    let firing: Firing | undefined;
    for (const counter of this.#rules) {
      const { rule } = counter;
      if (rule.volume !== undefined && rule.volume !== volume) continue;
      if (rule.operation !== 'any' && rule.operation !== kind) continue;
      counter.matched++;
      if (counter.matched !== rule.nth || firing?.rule.fault === 'process-kill') continue;
      firing = { rule, entry };
    }
    if (firing !== undefined) this.firings.push(firing);
    return firing;
  }
}

function checkRule(rule: PlanRule): void {
  if (!Number.isSafeInteger(rule.nth) || rule.nth < 1) {
    throw new Error(`a plan's rule has nth ${rule.nth}: operations are counted from 1`);
  }
  if (rule.fault === 'fsync-error' && rule.operation !== 'sync') {
    throw new Error(
      `a plan's rule has fsync-error on ${rule.operation}: it can only befall the operation sync`,
    );
  }
}
