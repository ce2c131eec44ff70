import { crashPoints, crashStates } from '../src/faults/model/crash-states.ts';
import { takeApart } from '../src/faults/model/effects.ts';
import { buildImage } from '../src/faults/model/image.ts';
import { add, bits, has, isLegal, pendingAt } from '../src/faults/model/pending.ts';
import { profileFor } from '../src/faults/model/profile.ts';
import type { Tree } from '../src/faults/model/tree.ts';
import type { ExploreTask, Violation } from './exploration.ts';
import { explore } from './explore.ts';
import type { Lane } from './lane/lane.ts';
import { type NumberedStep, renumber, stepsOf } from './recorded-run.ts';

export interface Shrunk {
  readonly violation: Violation;
  readonly stderr: string;
  /** The crash image, and what recovery made of it. */
  readonly image: Tree;
  readonly recovered: Tree;
  readonly operationsBefore: number;
  readonly operationsAfter: number;
  readonly lostBefore: number;
  readonly lostAfter: number;
  readonly attempts: number;
}

export interface ShrinkSettings {
  readonly task: ExploreTask;
  readonly shouldStop: () => boolean;
  /** No shorter workload shows the same. */
  readonly sameWorkload?: boolean;
}

/** How many shorter workloads are tried, and how many crash states of each. */
const workloadsMax = 30;
const statesEach = 150;
/** How many earlier crashes. */
const pointsMax = 150;

/**
 * The smallest witness that was found for the same claim: fewest steps asked, then fewest effects lost. Undefined if
 * the violation does not show again with a subject that was started for it alone: it is then no finding.
 */
export async function shrink(
  lane: Lane,
  violation: Violation,
  settings: ShrinkSettings,
): Promise<Shrunk | undefined> {
  const first = await confirm(lane, violation);
  if (first === undefined) return undefined;
  const shrinker = new Shrinker(lane, settings);
  // Under `slow`, each try would wait for a stall to end, or for a subject that hangs.
  const isKept = settings.sameWorkload === true || violation.fault === 'slow';
  const fewerSteps = isKept ? first.violation : await shrinker.fewerSteps(first.violation);
  const earlier = await shrinker.earlierCrash(fewerSteps);
  const smallest = await shrinker.fewerLost(earlier);
  const confirmed = (await confirm(lane, smallest)) ?? first;
  return {
    ...confirmed,
    operationsBefore: stepsOf(settings.task.run).length,
    operationsAfter: confirmed.violation.steps.length,
    lostBefore: violation.state.lost.length,
    lostAfter: confirmed.violation.state.lost.length,
    attempts: shrinker.attempts,
  };
}

type Confirmed = Pick<Shrunk, 'violation' | 'stderr' | 'image' | 'recovered'>;

/** Once more, with a subject that was started for this image alone. */
async function confirm(lane: Lane, violation: Violation): Promise<Confirmed | undefined> {
  const { run, state, claim, profile } = violation;
  const image = buildImage(takeApart(run.recording), state);
  const judge = await lane.judgeOf(state, image);
  const options = { afresh: true, profile };
  const { judgements, stderr } = await judge.judge(image, run, state.point, [claim], options);
  const judgement = judgements.get(claim);
  if (judgement?.status !== 'violated') return undefined;
  return { violation: { ...violation, judgement }, stderr, image, recovered: await judge.remains() };
}

class Shrinker {
  attempts = 0;
  private readonly lane: Lane;
  private readonly settings: ShrinkSettings;

  constructor(lane: Lane, settings: ShrinkSettings) {
    this.lane = lane;
    this.settings = settings;
  }

  /** The shortest beginning of the workload that still fails, and of that each step left out that can be. */
  async fewerSteps(violation: Violation): Promise<Violation> {
    const all = stepsOf(this.settings.task.run);
    let best = violation;
    let steps = all;
    for (let length = 1; length < all.length && this.attempts < workloadsMax / 2; length++) {
      const found = await this.tryWorkload(all.slice(0, length), violation);
      if (found === undefined) continue;
      best = found;
      steps = all.slice(0, length);
      break;
    }
    for (
      let index = steps.length - 1;
      index >= 0 && steps.length > 1 && this.attempts < workloadsMax;
      index--
    ) {
      const fewer = steps.filter((_, position) => position !== index);
      const found = await this.tryWorkload(fewer, violation);
      if (found === undefined) continue;
      best = found;
      steps = fewer;
    }
    return best;
  }

  /** Of a program, whose steps nobody can leave out: the earliest crash of the same run that shows it with all lost that may be. */
  async earlierCrash(violation: Violation): Promise<Violation> {
    const { run, fault, profile, state, origin } = violation;
    const isProgram = run.conversation.kind === 'lines' && origin.kind === 'workload';
    if (!isProgram || fault !== 'power-loss') return violation;
    const trace = takeApart(run.recording);
    const { order } = crashStates(trace, profileFor(run.recording, profile), fault, { seed: 0, limit: 1 });
    const points = crashPoints(trace, run.exploredUpTo).filter((point) => point < state.point);
    for (const point of points.slice(0, pointsMax)) {
      if (this.settings.shouldStop()) break;
      const lost = pendingAt(order, point)
        .atoms.flatMap((id) => order.atoms[id]?.effects ?? [])
        .sort((a, b) => a - b);
      if (lost.length === 0) continue;
      const found = await this.tryState({ ...violation, state: { point, lost, filler: 'old' } });
      if (found !== undefined) return found;
    }
    return violation;
  }

  /** Gives back lost effects, one by one with all that they need, as long as the claim stays broken. */
  async fewerLost(violation: Violation): Promise<Violation> {
    const { run, fault, profile } = violation;
    const trace = takeApart(run.recording);
    const crash = fault === 'torn-write' ? 'torn-write' : 'power-loss';
    const { order } = crashStates(trace, profileFor(run.recording, profile), crash, { seed: 0, limit: 1 });
    const pending = pendingAt(order, violation.state.point);
    let best = violation;
    for (const position of pending.atoms.keys()) {
      if (this.settings.shouldStop()) break;
      const lost = new Set(best.state.lost);
      const mine = order.atoms[pending.atoms[position] ?? -1]?.effects ?? [];
      if (!mine.some((id) => lost.has(id))) continue;
      const kept = bits(pending.atoms.length);
      for (const [other, id] of pending.atoms.entries()) {
        const needed = has(pending.needs[position] ?? kept, other);
        if (needed || !order.atoms[id]?.effects.some((effect) => lost.has(effect))) add(kept, other);
      }
      if (!isLegal(pending, kept)) continue;
      const fewer = pending.atoms
        .flatMap((id, other) => (has(kept, other) ? [] : (order.atoms[id]?.effects ?? [])))
        .sort((a, b) => a - b);
      best = (await this.tryState({ ...best, state: { ...best.state, lost: fewer } })) ?? best;
    }
    return best;
  }

  private async tryWorkload(
    steps: readonly NumberedStep[],
    violation: Violation,
  ): Promise<Violation | undefined> {
    if (this.settings.shouldStop()) return undefined;
    this.attempts += 1;
    const run = await this.lane.recorder.workload(renumber(steps), []);
    if (run.endedEarly !== undefined) return undefined;
    let found: Violation | undefined;
    const task: ExploreTask = {
      ...this.settings.task,
      run,
      claims: [violation.claim],
      limit: Math.min(statesEach, this.settings.task.limit),
      nested: violation.origin.kind === 'nested',
      only: violation.origin.kind,
      share: { index: 0, count: 1 },
    };
    await explore(this.lane, task, {
      onJudged: () => {},
      onViolation: (first) => {
        found ??= { ...first, steps };
      },
      shouldStop: () => found !== undefined || this.settings.shouldStop(),
    });
    return found;
  }

  private async tryState(violation: Violation): Promise<Violation | undefined> {
    this.attempts += 1;
    const { run, state, claim, profile } = violation;
    const image = buildImage(takeApart(run.recording), state);
    const judge = await this.lane.judgeOf(state, image);
    const { judgements } = await judge.judge(image, run, state.point, [claim], { profile });
    const judgement = judgements.get(claim);
    return judgement?.status === 'violated' ? { ...violation, judgement } : undefined;
  }
}
