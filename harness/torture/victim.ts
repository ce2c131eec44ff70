import type { Recording } from '../../src/faults/model/recording.ts';
import type { PlannedOperation } from '../../src/faults/plan.ts';
import type { Scenario } from '../scenario.ts';
import type { SubjectHello } from '../subject/subject.ts';
import type { Uses } from './draw-faults.ts';

/** What cycles are drawn for. */
export interface Victim {
  readonly scenario: Scenario;
  readonly hello: SubjectHello;
  readonly uses: Uses;
  readonly seed: number;
  readonly profiles: readonly string[];
  /** It runs in a process, which can be killed at any moment. */
  readonly isProcess: boolean;
  /** It runs in a container, which can be stopped and paused, too. */
  readonly isContainer: boolean;
}

/** Of each kind of operation that a workload asked, how many on the volume that has the most of it. */
export function usesOf({ trace, base }: Recording): Uses {
  const uses = new Map<PlannedOperation, number>();
  for (const volume of base.roots.keys()) {
    const here = new Map<PlannedOperation, number>();
    for (const entry of trace) {
      if (entry.kind !== 'operation' || entry.volume !== volume) continue;
      const { kind } = entry.operation;
      if (kind !== 'medium') here.set(kind, (here.get(kind) ?? 0) + 1);
    }
    for (const [kind, count] of here) uses.set(kind, Math.max(count, uses.get(kind) ?? 0));
  }
  return uses;
}
