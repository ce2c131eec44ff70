import { worst } from '../../reports/status.ts';
import type { Cell, Claim, FaultKind, ScenarioVerdict } from '../../reports/verdict.ts';
import type { ClaimTally } from '../exploration.ts';
import type { Findings } from '../findings.ts';
import { describeRun, notConfirmed, type Recorded, stated, untestable } from '../scenario-verdict.ts';
import { type Campaign, failuresAlone } from './campaign.ts';
import { namedFaults } from './draw.ts';
import { tallyCycles } from './tally.ts';

export interface TortureResult {
  readonly about: Recorded;
  readonly campaign: Campaign;
  readonly findings: Findings;
  /** Why it ended early. */
  readonly cut?: string;
}

/** What a campaign says of its scenario. */
export function tortureVerdict(result: TortureResult): ScenarioVerdict {
  const { about, campaign, findings, cut } = result;
  const { scenario } = about.loaded;
  const cells = cellsOf(result);
  const canary = canaryOf(result, cells);
  const alone = failuresAlone(campaign.reports);
  const coverage = campaign.coverage.summary();
  const doubtful = alone !== undefined || coverage.judged === 0;
  return {
    ...describeRun(about),
    status: worst([...cells.map(({ status }) => status), ...(doubtful ? (['unknown'] as const) : [])]),
    ...(canary === undefined ? {} : { canary }),
    cells,
    explorations: [],
    torture: coverage,
    findings: findings.findings,
    notes: [
      ...(coverage.judged === 0 ? [`Nothing befell ${scenario.name} in any cycle: nothing was judged.`] : []),
      ...[alone, cut].filter((note) => note !== undefined),
    ],
  };
}

/** One a claim and fault: no profile of its own, since each cycle draws one. */
function cellsOf({ about, campaign, findings, cut }: TortureResult): Cell[] {
  const { claims } = about.loaded.scenario;
  const known = namedFaults(about.loaded.scenario);
  const tallies = new Map(known.map((fault) => [fault, tallyCycles(campaign.reports, fault)] as const));
  return stated(claims).map(([claim, fault]): Cell => {
    const untested = untestable(claim, about);
    const notTested = (why: string) =>
      ({ claim, fault, profile: '-', status: 'not-tested', states: 0, why }) as const;
    if (untested !== undefined) return notTested(untested);
    if (!known.includes(fault)) return notTested(`Torture does not inject ${fault}.`);
    const tally = tallies.get(fault)?.get(claim);
    return tally === undefined
      ? notTested(
          cut ??
            `In no cycle ${fault} befell the subject by itself, or with faults under which it claims as much.`,
        )
      : { claim, fault, profile: 'any', ...judged(tally, claim, fault, findings) };
  });
}

function judged(
  { held, violated, unknown, why }: ClaimTally,
  claim: Claim,
  fault: FaultKind,
  { findings, unconfirmed }: Findings,
): Pick<Cell, 'status' | 'states' | 'why' | 'finding'> {
  const states = held + violated + unknown;
  const isMine = (one: { readonly claim: Claim; readonly fault: FaultKind }) =>
    one.claim === claim && one.fault === fault;
  const finding = findings.find(isMine);
  if (finding !== undefined) return { status: 'violated', states, finding: finding.id };
  if (unconfirmed.some(isMine)) return { status: 'unknown', states, why: notConfirmed };
  if (violated > 0) {
    const early = 'Violated, but the run ended before the violation was confirmed.';
    return { status: 'unknown', states, why: early };
  }
  if (unknown > 0) return { status: 'unknown', states, why: why ?? 'The subject could not be judged.' };
  return { status: 'held', states };
}

function canaryOf({ about, campaign }: TortureResult, cells: readonly Cell[]): ScenarioVerdict['canary'] {
  const { canary } = about.loaded.scenario;
  if (canary === undefined) return undefined;
  const { breaks, under } = canary;
  const isIts = ({ claim, fault }: { readonly claim: Claim; readonly fault: FaultKind }) =>
    claim === breaks && fault === under;
  const found = cells.some((cell) => isIts(cell) && cell.status === 'violated');
  const first = campaign.reports.find(({ violations }) => violations.some(isIts));
  return { breaks, under, found, states: found && first !== undefined ? first.number + 1 : 0 };
}
