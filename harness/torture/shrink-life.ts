import type { FaultKind } from '../../reports/verdict.ts';
import { takeApart } from '../../src/faults/model/effects.ts';
import { buildImage, type CrashState } from '../../src/faults/model/image.ts';
import type { Violation } from '../exploration.ts';
import type { Lane } from '../lane/lane.ts';
import { stepsOf } from '../recorded-run.ts';
import { type Shrunk, shrink } from '../shrink.ts';
import { nameOf } from './befallen.ts';
import type { Life } from './cycle.ts';
import { statesOf } from './draw-state.ts';
import { type Performed, performLife } from './perform.ts';

/** How many shorter lives are tried, and how many of the states in which each may end. */
const livesMax = 80;
const statesEach = 24;

/**
 * The smallest life that was found to break the same claim: fewest cycles, then faults, then steps, then effects lost.
 * Undefined if the violation does not show again with a subject that was started for it alone.
 */
export async function shrinkLife(
  lane: Lane,
  violation: Violation,
  shouldStop: () => boolean,
): Promise<Shrunk | undefined> {
  const shrinker = new LifeShrinker(lane, violation, shouldStop);
  const smallest = await shrinker.smallest();
  const shrunk = await fewerLost(lane, smallest ?? notAgain(violation), shouldStop);
  if (shrunk === undefined) return undefined;
  return {
    ...shrunk,
    operationsBefore: stepsIn(violation),
    operationsAfter: stepsIn(shrunk.violation),
    lostBefore: violation.state.lost.length,
    attempts: shrunk.attempts + shrinker.attempts,
  };
}

/** The subject did not do the same again: only the recording shows it. */
function notAgain(violation: Violation): Violation {
  return { ...violation, origin: { kind: 'torture', life: [] } };
}

function fewerLost(lane: Lane, violation: Violation, shouldStop: () => boolean) {
  const { run, profile, claim } = violation;
  const share = { index: 0, count: 1 };
  const task = {
    run,
    fault: 'power-loss',
    profile,
    claims: [claim],
    seed: 0,
    limit: 1,
    nested: false,
    share,
  } as const;
  return shrink(lane, violation, { task, shouldStop, sameWorkload: true });
}

function stepsIn({ origin, run }: Violation): number {
  const life = lifeOf(origin);
  return life.length === 0
    ? stepsOf(run).length
    : life.reduce((sum, { workload }) => sum + workload.picks.length, 0);
}

function lifeOf(origin: Violation['origin']): Life {
  return origin.kind === 'torture' ? origin.life : [];
}

class LifeShrinker {
  attempts = 0;
  /** What befell the last cycle, and those before it, when the claim broke: the scenario states it under no more. */
  private last: readonly FaultKind[] | undefined;
  private earlier: readonly FaultKind[] = [];
  private readonly lane: Lane;
  private readonly violation: Violation;
  private readonly shouldStop: () => boolean;

  constructor(lane: Lane, violation: Violation, shouldStop: () => boolean) {
    this.lane = lane;
    this.violation = violation;
    this.shouldStop = shouldStop;
  }

  /** Undefined where the same life does not break the claim again. */
  async smallest(): Promise<Violation | undefined> {
    const first = await this.attempt(lifeOf(this.violation.origin));
    if (first === undefined) return undefined;
    const cycles = await this.fewer(first, (life) =>
      life.slice(0, -1).map((_, index) => life.toSpliced(index, 1)),
    );
    const faults = await this.fewer(cycles, withFewerRules);
    return this.fewer(faults, withFewerSteps);
  }

  /** Takes the first of the smaller lives that still fails, and looks for smaller ones of that, until there is none. */
  private async fewer(start: Violation, smaller: (life: Life) => readonly Life[]): Promise<Violation> {
    let best = start;
    const failed = new Set<string>();
    for (;;) {
      let found: Violation | undefined;
      for (const life of smaller(lifeOf(best.origin))) {
        const key = JSON.stringify(life);
        if (failed.has(key)) continue;
        if (this.shouldStop() || this.attempts >= livesMax) return best;
        found = await this.attempt(life);
        if (found !== undefined) break;
        failed.add(key);
      }
      if (found === undefined) return best;
      best = found;
    }
  }

  private async attempt(life: Life): Promise<Violation | undefined> {
    this.attempts += 1;
    const performed = await performLife(this.lane, life);
    const last = performed.at(-1);
    if (last === undefined || !this.permits(performed, last)) return undefined;
    for (const state of endsOf(last)) {
      const found = await this.judge(life, last, state);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private permits(life: readonly Performed[], last: Performed): boolean {
    const earlier = life.slice(0, -1).flatMap(({ befell }) => befell);
    if (this.last === undefined) [this.last, this.earlier] = [last.befell, earlier];
    const known = this.last;
    return (
      last.befell.every((fault) => known.includes(fault)) &&
      earlier.every((fault) => this.earlier.includes(fault))
    );
  }

  private async judge(
    life: Life,
    { run, befell }: Performed,
    state: CrashState,
  ): Promise<Violation | undefined> {
    const { claim, profile } = this.violation;
    const fault = nameOf(befell);
    if (fault === undefined) return undefined;
    const image = buildImage(takeApart(run.recording), state);
    const judge = await this.lane.judgeOf(state, image);
    const judgement = (await judge.judge(image, run, state.point, [claim], { profile })).judgements.get(
      claim,
    );
    if (judgement?.status !== 'violated') return undefined;
    const origin = { kind: 'torture', life } as const;
    return { ...this.violation, fault, judgement, run, origin, steps: stepsOf(run), state };
  }
}

/** The state that was drawn, then others that the same damage may leave: a shorter life has other effects to lose. */
function endsOf({ run, cycle, state, befell }: Performed): readonly CrashState[] {
  const { damage } = cycle;
  const struck = damage !== undefined && (state.lost.length > 0 || befell.includes(damage.fault));
  return struck ? [state, ...statesOf(run.recording, damage, statesEach)] : [state];
}

function withFewerRules(life: Life): Life[] {
  return life.flatMap((cycle, index) =>
    cycle.plan.map((_, rule): Life => life.with(index, { ...cycle, plan: cycle.plan.toSpliced(rule, 1) })),
  );
}

/** Without all steps of a cycle, half of them, or one. */
function withFewerSteps(life: Life): Life[] {
  return life.flatMap((cycle, index) => {
    const { picks } = cycle.workload;
    const half = Math.floor(picks.length / 2);
    const fewer = [
      ...(picks.length > 1 ? [[], picks.slice(0, half), picks.slice(half)] : []),
      ...picks.map((_, step) => picks.toSpliced(step, 1)),
    ];
    return fewer.map((kept) => life.with(index, { ...cycle, workload: { ...cycle.workload, picks: kept } }));
  });
}
