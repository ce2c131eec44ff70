import type { FaultKind } from '../reports/verdict.ts';
import type { Plan } from '../src/faults/plan.ts';
import type { RecordedRun } from './recorded-run.ts';

/** A run in which nothing of its plan fired. */
export interface Unstruck {
  /** Of the plan, among all that were tried; the same for any number of lanes. */
  readonly place: number;
  readonly plan: Plan;
  /** The operation came, and there was nothing that the fault could do to it. */
  readonly cameToIt: boolean;
  readonly why: string;
}

export function unstruckBy(run: RecordedRun, plan: Plan, place: number): Unstruck {
  const rules = run.rules ?? [];
  const why = rules.flatMap((rule) => rule.why ?? []).join('; ');
  return { place, plan, cameToIt: rules.some(({ wasDue }) => wasDue), why };
}

/** What was to be tested and was not: the operation that the fault was for did not come. Undefined where each did. */
export function whyUnstruck(fault: FaultKind, all: readonly Unstruck[]): string | undefined {
  const missed = all.find(({ cameToIt }) => !cameToIt);
  if (missed === undefined) return undefined;
  return `A planned ${fault} never fired (${JSON.stringify(missed.plan)}): ${missed.why}. The subject did not ask the same again.`;
}

/** One remark for each reason why operations could not be befallen. */
export function remarksOn(fault: FaultKind, all: readonly Unstruck[]): string[] {
  const reasons = new Map<string, number>();
  for (const { cameToIt, why } of all) {
    if (cameToIt) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  return [...reasons].map(
    ([why, count]) =>
      `Of ${fault}: ${count} planned ${count === 1 ? 'one' : 'ones'} could befall nothing: ${why}.`,
  );
}
