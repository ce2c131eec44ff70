import { type Claim, type FaultKind, faultKinds } from '../../reports/verdict.ts';
import type { Firing } from '../../src/faults/plan.ts';
import { restFaults } from '../at-rest.ts';
import type { Scenario } from '../scenario.ts';

/** Which claims a cycle puts to the test. */

type StatedClaims = Scenario['claims'];

/** The faults of a plan that fired, but for kills. */
export function liveFaultsOf(firings: readonly Firing[]): FaultKind[] {
  const fired = new Set<string>(firings.map(({ rule }) => rule.fault));
  return faultKinds.filter((fault) => fault !== 'process-kill' && fired.has(fault));
}

/** Those that the scenario states under every one of the faults; none where nothing befell. */
export function claimsUnderAll(claims: StatedClaims, befell: readonly FaultKind[]): Claim[] {
  if (befell.length === 0) return [];
  const all = Object.keys(claims) as Claim[];
  return all.filter((claim) => befell.every((fault) => claims[claim]?.includes(fault)));
}

/** The scenario with what it claims under this fault, and nothing else. */
export function underOneFault(scenario: Scenario, fault: FaultKind): Scenario {
  const kept = claimsUnderAll(scenario.claims, [fault]).map((claim) => [claim, [fault]]);
  return { ...scenario, claims: Object.fromEntries(kept) };
}

/** The claims on what a subject has and shows: where one is let go, the next cycle has nothing to rely on. */
const contentClaims: readonly Claim[] = ['durability', 'order', 'integrity', 'atomicity', 'stability'];

export function keepsContent(claims: StatedClaims, befell: readonly FaultKind[]): boolean {
  return contentClaims.every((claim) => {
    const under = claims[claim];
    return under === undefined || befell.every((fault) => keepsUnder(under, fault));
  });
}

/** Who claims something under a power cut claims it of what was killed before, too: the page cache outlives a kill. */
function keepsUnder(under: readonly FaultKind[], fault: FaultKind): boolean {
  return under.includes(fault) || (fault === 'process-kill' && under.includes('power-loss'));
}

/** Of several faults that one under which a finding stands: docs/torture.md. */
export function nameOf(befell: readonly FaultKind[]): FaultKind | undefined {
  const last: readonly FaultKind[] = [...restFaults, 'power-loss', 'process-kill'];
  const live = faultKinds.filter((fault) => fault !== 'torn-write' && !last.includes(fault));
  const order: readonly FaultKind[] = ['torn-write', ...live, ...last];
  return order.find((fault) => befell.includes(fault));
}
