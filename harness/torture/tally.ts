import type { Claim, FaultKind } from '../../reports/verdict.ts';
import type { ClaimTally } from '../exploration.ts';
import { mergeTallies } from '../merge.ts';
import { nameOf } from './befallen.ts';
import type { CycleReport } from './stretch.ts';

/**
 * What cycles say of each claim under one fault: a cycle counts for every fault that befell it, a claim that broke in
 * one only for the fault under which its finding stands.
 */
export function tallyCycles(
  reports: readonly CycleReport[],
  fault: FaultKind,
): ReadonlyMap<Claim, ClaimTally> {
  return mergeTallies(
    reports.filter(({ befell }) => befell.includes(fault)).map((report) => tallyOf(report, fault)),
  );
}

function tallyOf({ befell, judged, why, violations }: CycleReport, fault: FaultKind) {
  const isNamed = nameOf(befell) === fault;
  const tallies = new Map<Claim, ClaimTally>();
  for (const [claim, status] of judged) {
    if (status === 'violated' && !isNamed) continue;
    const first = violations.find((violation) => violation.claim === claim && violation.fault === fault);
    tallies.set(claim, {
      held: status === 'held' ? 1 : 0,
      violated: status === 'violated' ? 1 : 0,
      unknown: status === 'unknown' ? 1 : 0,
      ...(status === 'unknown' && why !== undefined ? { why } : {}),
      ...(first === undefined ? {} : { first }),
    });
  }
  return tallies;
}
