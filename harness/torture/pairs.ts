import type { FaultKind } from '../../reports/verdict.ts';
import type { PlannedOperation, PlanRule } from '../../src/faults/plan.ts';
import { restFaults } from '../at-rest.ts';
import { isLive } from '../live-faults.ts';
import type { Scenario } from '../scenario.ts';
import type { Cycle } from './cycle.ts';
import { namedFaults } from './draw.ts';
import { operationsFor, type Uses } from './draw-faults.ts';
import type { Performed } from './perform.ts';

/** A fault at a kind of operation. */
export interface Pair {
  readonly fault: FaultKind;
  readonly operation: PlannedOperation | typeof atRest;
}

const atRest = 'at rest';

/** Those that torture may plan for this subject. */
export function possiblePairs(scenario: Scenario, uses: Uses): readonly Pair[] {
  const kills = operationsFor('process-kill', uses);
  return namedFaults(scenario).flatMap((fault): Pair[] => {
    if (isLive(fault)) return operationsFor(fault, uses).map((operation) => ({ fault, operation }));
    const needsCleanEnd = restFaults.some((rest) => rest === fault);
    const places: Pair['operation'][] = needsCleanEnd ? [atRest] : [...kills, atRest];
    return places.map((operation) => ({ fault, operation }));
  });
}

/** What a cycle planned, a pair for each rule; and what of it fired, each pair once. */
export function pairsOf({ cycle, run, befell }: Performed): {
  readonly planned: readonly Pair[];
  readonly fired: readonly Pair[];
} {
  const firedRules = run.firings.map(({ rule }) => rule);
  const ending = endingOf(cycle);
  const kill = cycle.plan.find(isKill);
  const isKilled = firedRules.some(isKill);
  return {
    planned: [
      ...cycle.plan.flatMap(livePair),
      ...(ending === undefined ? [] : [{ fault: ending, operation: placeOf(kill) }]),
    ],
    fired: [
      ...new Map(firedRules.flatMap(livePair).map((pair) => [pair.fault + pair.operation, pair])).values(),
      ...(ending === undefined || !befell.includes(ending)
        ? []
        : [{ fault: ending, operation: placeOf(isKilled ? kill : undefined) }]),
    ],
  };
}

function livePair({ fault, operation }: PlanRule): Pair[] {
  return isLive(fault) && operation !== 'any' ? [{ fault, operation }] : [];
}

/** The fault that a cycle is to end with. */
function endingOf({ damage, plan, stop }: Cycle): FaultKind | undefined {
  if (damage !== undefined)
    return damage.kind === 'cut' && damage.implied === true ? undefined : damage.fault;
  return plan.some(isKill) || stop !== 'close' ? 'process-kill' : undefined;
}

function isKill({ fault }: PlanRule): boolean {
  return fault === 'process-kill';
}

/** A kill whose operation is not known fell between two of them. */
function placeOf(kill: PlanRule | undefined): Pair['operation'] {
  return kill === undefined || kill.operation === 'any' ? atRest : kill.operation;
}
