import type { Claim, FaultKind } from '../../reports/verdict.ts';
import { takeApart } from '../../src/faults/model/effects.ts';
import { buildImage } from '../../src/faults/model/image.ts';
import type { Violation } from '../exploration.ts';
import type { Judged } from '../lane/judge.ts';
import type { Lane } from '../lane/lane.ts';
import { stepsOf } from '../recorded-run.ts';
import { claimsUnderAll, keepsContent, nameOf } from './befallen.ts';
import { behavioursOf } from './behaviour.ts';
import type { Cycle } from './cycle.ts';
import { drawCycle, type Situation } from './draw.ts';
import type { Ground } from './ground.ts';
import { type Pair, pairsOf } from './pairs.ts';
import { type Performed, perform } from './perform.ts';
import type { Victim } from './victim.ts';

/** Cycles `from` to `from + count - 1`, the first of them on empty volumes. */
export interface StretchTask {
  readonly victim: Victim;
  readonly from: number;
  readonly count: number;
}

/** One cycle, and what came of it. */
export interface CycleReport {
  readonly number: number;
  readonly cycle: Cycle;
  readonly befell: readonly FaultKind[];
  readonly judged: ReadonlyMap<Claim, 'held' | 'violated' | 'unknown'>;
  /** Why a claim is unknown. */
  readonly why?: string;
  readonly planned: readonly Pair[];
  readonly fired: readonly Pair[];
  readonly behaviours: readonly string[];
  /** In a stretch, no more than the first of a claim under a fault, and those in which fewer faults met. */
  readonly violations: readonly Violation[];
  /** The subject failed before anything had befallen it, and how. */
  readonly failedAlone?: string;
}

export interface StretchWatcher {
  readonly onJudged: () => void;
  readonly shouldStop: () => boolean;
}

/** Cycle after cycle on what the last one left: docs/torture.md. */
export async function stretch(
  lane: Lane,
  { victim, from, count }: StretchTask,
  watcher: StretchWatcher,
): Promise<readonly CycleReport[]> {
  const reports: CycleReport[] = [];
  let ground: Ground | undefined;
  let situation: Situation | undefined;
  let life: Cycle[] = [];
  const isBetter = onlyBetter();
  for (let number = from; number < from + count && !watcher.shouldStop(); number++) {
    const drawn = drawCycle(victim, number, ground === undefined ? undefined : situation);
    const performed = await perform(lane, victim.hello, drawn.cycle, ground);
    life = drawn.cycle.afresh ? [performed.cycle] : [...life, performed.cycle];
    const claims = claimsUnderAll(victim.scenario.claims, performed.befell);
    const judged = claims.length === 0 ? undefined : await judge(lane, performed, claims);
    watcher.onJudged();
    reports.push(
      reportOf(number, performed, judged, violationsOf(number, performed, judged, life).filter(isBetter)),
    );
    situation = drawn.situation;
    ground = canGoOn(victim, performed, judged) ? performed.ground : undefined;
  }
  return reports;
}

async function judge(
  lane: Lane,
  { run, state, cycle }: Performed,
  claims: readonly Claim[],
): Promise<Judged> {
  const image = buildImage(takeApart(run.recording), state);
  const judgeHere = await lane.judgeOf(state, image);
  return judgeHere.judge(image, run, state.point, claims, { profile: profileOf(cycle) });
}

/** Whose rules made the image legal; where nothing was lost, any profile's do. */
function profileOf({ damage }: Cycle): string {
  return damage?.kind === 'cut' ? damage.profile : 'posix';
}

/** After what a subject need not survive, or a claim that did not hold, nothing can be asked of it. */
function canGoOn({ scenario }: Victim, { befell }: Performed, judged: Judged | undefined): boolean {
  const judgements = [...(judged?.judgements.values() ?? [])];
  return keepsContent(scenario.claims, befell) && judgements.every(({ status }) => status === 'held');
}

/** Recordings are large: answers whether a violation tells more than those before it. */
function onlyBetter(): (violation: Violation) => boolean {
  const fewest = new Map<string, number>();
  return ({ claim, fault, place: [faults = 0] }) => {
    const key = `${claim} ${fault}`;
    if (faults >= (fewest.get(key) ?? Number.POSITIVE_INFINITY)) return false;
    fewest.set(key, faults);
    return true;
  };
}

function violationsOf(
  number: number,
  { cycle, befell, run, state }: Performed,
  judged: Judged | undefined,
  life: readonly Cycle[],
): Violation[] {
  const fault = nameOf(befell);
  if (fault === undefined) return [];
  return [...(judged?.judgements ?? [])].flatMap(([claim, judgement]) => {
    if (judgement.status !== 'violated') return [];
    const origin = { kind: 'torture', life } as const;
    // The fewer faults, the better a story.
    const place = [befell.length, number];
    return [
      { claim, fault, profile: profileOf(cycle), judgement, run, origin, steps: stepsOf(run), state, place },
    ];
  });
}

function reportOf(
  number: number,
  performed: Performed,
  judged: Judged | undefined,
  violations: readonly Violation[],
): CycleReport {
  const { cycle, befell, run, failedAlone } = performed;
  const judgements = [...(judged?.judgements ?? [])];
  const [why] = judgements.flatMap(([, judgement]) =>
    judgement.status === 'unknown' ? [judgement.why] : [],
  );
  const { planned, fired } = pairsOf(performed);
  return {
    number,
    cycle,
    befell,
    judged: new Map(judgements.map(([claim, { status }]) => [claim, status])),
    ...(why === undefined ? {} : { why }),
    planned,
    fired,
    behaviours: [
      ...fired.map(({ fault, operation }) => `fired ${fault} at ${operation}`),
      ...behavioursOf(run, judged),
    ],
    violations,
    ...(failedAlone === undefined ? {} : { failedAlone }),
  };
}
