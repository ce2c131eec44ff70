import type { Claim } from '../reports/verdict.ts';
import { crashPoints, crashStates } from '../src/faults/model/crash-states.ts';
import { type EffectTrace, takeApart } from '../src/faults/model/effects.ts';
import type { CrashState } from '../src/faults/model/image.ts';
import { KeyedImages } from '../src/faults/model/keyed-images.ts';
import { pendingAt } from '../src/faults/model/pending.ts';
import { profileFor } from '../src/faults/model/profile.ts';
import type { Plan } from '../src/faults/plan.ts';
import { type RestFault, statesAtRest, sweepNote } from './at-rest.ts';
import {
  type ClaimTally,
  type Coverage,
  type ExploreResult,
  type ExploreTask,
  type ExploreWatcher,
  type RunOrigin,
  type Share,
  type Violation,
  writeBacks,
} from './exploration.ts';
import type { Lane } from './lane/lane.ts';
import {
  earlierIn,
  failureOn,
  type LiveFault,
  plansFor,
  plansFromPromises,
  untilLastPromise,
} from './live-faults.ts';
import type { Judgement } from './oracle/evidence.ts';
import { promisesBefore, type RecordedRun, stepsOf } from './recorded-run.ts';
import { shareOf } from './share.ts';
import { spread } from './spread.ts';
import { type Unstruck, unstruckBy } from './unstruck.ts';

/** How many runs are killed and reopened, and recoveries crashed, for one fault and profile. */
const reopenRunsMax = 8;
const nestedRunsMax = 12;
/** How many times a run is tried in which the operation that a fault is for does not come. */
const strikesMax = 3;
/** What of the budget goes to reopened runs, and to nested ones. */
const derivedShare = 0.2;

export async function explore(
  lane: Lane,
  task: ExploreTask,
  watcher: ExploreWatcher,
): Promise<ExploreResult> {
  const exploration = new Exploration(lane, task, watcher);
  switch (task.fault) {
    case 'process-kill':
      await exploration.exploreWorkload(task.limit);
      break;
    case 'bit-rot':
    case 'latent-sector-error':
    case 'stale-read':
    case 'slow':
      await exploration.exploreAtRest(task.fault);
      break;
    case 'power-loss':
    case 'torn-write': {
      if (task.only === 'written-back') {
        await exploration.exploreWrittenBack();
        break;
      }
      const cuts = task.fault === 'power-loss';
      const derived = (cuts ? derivedShare : 0) + (task.nested ? derivedShare : 0);
      const wants = (kind: RunOrigin['kind']) => task.only === undefined || task.only === kind;
      // Nested runs start from what the workload's own states leave.
      if (wants('workload') || wants('nested')) {
        await exploration.exploreWorkload(Math.ceil(task.limit * (1 - derived)));
      }
      if (cuts && wants('reopen')) await exploration.exploreReopened();
      if (task.nested && wants('nested')) await exploration.exploreNested();
      break;
    }
    default:
      await exploration.exploreLive(task.fault);
  }
  return exploration.result();
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

class Exploration {
  private readonly lane: Lane;
  private readonly task: ExploreTask;
  private readonly watcher: ExploreWatcher;
  private readonly trace: EffectTrace;
  private readonly tallies = new Map<Claim, Mutable<ClaimTally>>();
  /** States of the workload that lost something: recovery has work to do there. The same list on every lane. */
  private readonly damaged: CrashState[] = [];
  private readonly outcomes = new Set<string>();
  private readonly unstruck: Unstruck[] = [];
  private readonly notes = new Set<string>();
  private readonly shared: Mutable<Coverage> = { crashPoints: 0, states: 0, images: 0 };
  private readonly own: Mutable<Coverage> = { crashPoints: 0, states: 0, images: 0 };
  private judged = 0;
  private recovered = 0;
  private exhaustive = false;

  constructor(lane: Lane, task: ExploreTask, watcher: ExploreWatcher) {
    this.lane = lane;
    this.task = task;
    this.watcher = watcher;
    this.trace = takeApart(task.run.recording);
    for (const claim of task.claims) this.tallies.set(claim, { held: 0, violated: 0, unknown: 0 });
  }

  result(): ExploreResult {
    const { shared, own, judged, recovered, exhaustive, tallies, outcomes, unstruck } = this;
    return {
      shared,
      own,
      judged,
      recovered,
      exhaustive,
      tallies,
      outcomes,
      unstruck,
      notes: [...this.notes],
    };
  }

  async exploreWorkload(limit: number): Promise<void> {
    const found = this.crashStatesOf(this.trace, limit, this.task.run.exploredUpTo);
    this.shared.crashPoints += found.points.length;
    const walk = {
      run: this.task.run,
      origin: workloadOrigin,
      trace: this.trace,
      place: [0],
      shared: true,
      images: this.task.share,
    };
    const finished = await this.walk(walk, found.states);
    this.exhaustive = finished && found.exhaustive;
  }

  async exploreAtRest(fault: RestFault): Promise<void> {
    const { run, seed, limit, sweep } = this.task;
    const settings = { seed, limit, ...(sweep === undefined ? {} : { sweep }) };
    const found = statesAtRest(fault, run.recording, settings);
    if (sweep !== undefined) this.notes.add(sweepNote(fault, found.states.length));
    this.shared.crashPoints += 1;
    const walk = {
      run,
      origin: workloadOrigin,
      trace: this.trace,
      place: [0],
      shared: true,
      images: this.task.share,
    };
    const finished = await this.walk(walk, found.states);
    this.exhaustive = finished && found.exhaustive;
  }

  /** Kill, reopen, acknowledge, then cut: the page cache shows what is not durable. */
  async exploreReopened(): Promise<void> {
    const { order } = this.crashStatesOf(this.trace, 1, -1);
    const worth = crashPoints(this.trace).filter((point) => pendingAt(order, point).atoms.length > 0);
    const killPoints = spread(worth, reopenRunsMax);
    const each = this.shareOfBudget(killPoints.length);
    for (const [index, killPoint] of this.mine(killPoints)) {
      const run = await this.lane.recorder.reopen(this.task.run, killPoint);
      if (run.endedEarly === undefined)
        await this.exploreDerived(run, { kind: 'reopen', killPoint }, each, [1, index]);
      else {
        const end = run.recording.disks === true ? 'reset' : 'kill';
        this.notes.add(`Not explored: the subject did not come back after a ${end}. ${run.endedEarly}`);
      }
    }
  }

  async exploreNested(): Promise<void> {
    const states = spread(this.damaged, nestedRunsMax);
    const each = this.shareOfBudget(states.length);
    for (const [index, state] of this.mine(states)) {
      const run = await this.lane.recorder.nested(this.task.run, state);
      // Where recovery itself fails, that was judged as an image of its own.
      if (run.endedEarly === undefined)
        await this.exploreDerived(run, { kind: 'nested', state }, each, [2, index]);
    }
  }

  /** A litmus program on the kernel's own file system, which writes back when it pleases. */
  async exploreWrittenBack(): Promise<void> {
    const each = Math.ceil(this.task.limit / writeBacks.length);
    for (const [index, order] of this.mine(writeBacks)) {
      const run = await this.lane.recorder.writtenBack?.(order);
      if (run === undefined) throw new Error('only a litmus program is followed by what is written back');
      if (run.endedEarly !== undefined) this.notes.add(`Not explored: ${run.endedEarly}`);
      else
        await this.exploreDerived(run, { kind: 'written-back', order }, each, [4, index], this.task.images);
    }
  }

  /** The workload once more for each operation that the fault can befall; then the power goes, with the fault over. */
  async exploreLive(fault: LiveFault): Promise<void> {
    const { run, profile, limit, fsyncError } = this.task;
    const onDisks = run.recording.disks === true;
    const worked = onDisks ? untilLastPromise(run.recording) : run.recording;
    const plans = this.lane.countsRequests
      ? plansFor(fault, worked, failureOn(onDisks ? 'disk' : profile, fsyncError))
      : plansFromPromises(fault, run.recording);
    const each = Math.ceil(limit / Math.max(1, plans.length));
    for (const [index, planned] of this.mine(plans)) {
      const { struck, plan } = await this.strike(planned);
      // What was stopped on its way tells nothing.
      if (this.watcher.shouldStop()) return;
      const [firing] = struck.firings;
      if (firing === undefined) this.unstruck.push(unstruckBy(struck, plan, index));
      else {
        // An operation that was refused leaves no entry: the end of the run counts in any case.
        const exploredUpTo = Math.min(firing.entry, struck.recording.trace.length - 1);
        const after = { ...struck, exploredUpTo };
        await this.exploreDerived(after, { kind: 'workload', plan }, each, [3, index]);
      }
    }
  }

  /**
   * A subject that does not always do the same may come to the operation another time. A file system never asks quite the same of its
   * disk: there an earlier operation stands in for one that did not come.
   */
  private async strike(planned: Plan): Promise<{ readonly struck: RecordedRun; readonly plan: Plan }> {
    let plan = planned;
    for (let tries = 1; ; tries++) {
      const struck = await this.lane.recorder.workload(stepsOf(this.task.run), plan);
      const cameToIt = struck.rules?.some(({ wasDue }) => wasDue) === true;
      if (cameToIt || tries === strikesMax || this.watcher.shouldStop()) return { struck, plan };
      if (struck.recording.disks === true) plan = earlierIn(plan, struck.rules ?? []);
    }
  }

  private async exploreDerived(
    run: RecordedRun,
    origin: RunOrigin,
    limit: number,
    place: readonly number[],
    images = all,
  ): Promise<void> {
    const trace = takeApart(run.recording);
    const found = this.crashStatesOf(trace, limit, run.exploredUpTo);
    this.own.crashPoints += found.points.length;
    await this.walk({ run, origin, trace, place, shared: false, images }, found.states);
  }

  private crashStatesOf(trace: EffectTrace, limit: number, after: number) {
    const { profile, fault, seed, claims } = this.task;
    const crash = fault === 'torn-write' || fault === 'process-kill' ? fault : 'power-loss';
    // What a profile tears nowhere, a litmus program is asked all the same.
    const alsoWhole = claims.includes('legality');
    return crashStates(trace, profileFor(trace.recording, profile), crash, { seed, limit, after, alsoWhole });
  }

  /** Judges each image that is new and this lane's. Answers whether it came to the end. */
  private async walk(walk: Walk, states: Iterable<CrashState>): Promise<boolean> {
    const coverage = walk.shared ? this.shared : this.own;
    const { claims, fault, profile } = this.task;
    const steps = stepsOf(this.task.run);
    const promises = promisesBefore(walk.run);
    const images = new KeyedImages(walk.trace);
    const share = shareOf(walk.images, promises.at(-1) ?? 0);
    const seen = new Set<string>();
    for (const state of states) {
      if (this.watcher.shouldStop()) return false;
      const place = coverage.states++;
      if (walk.shared && state.lost.length > 0) this.damaged.push(state);
      const promised = promises[state.point] ?? 0;
      if (!share.takesPromises(promised)) continue;
      const key = images.keyOf(state);
      const promisedKey = `${promised} ${key}`;
      if (seen.has(promisedKey)) continue;
      seen.add(promisedKey);
      if (!share.takesImage(promisedKey)) continue;
      this.own.images += 1;
      const image = images.at(state);
      const judge = await this.lane.judgeOf(state, image);
      const options = { key, profile };
      const judged = await judge.judge(image, walk.run, state.point, claims, options);
      const { judgements, recovered, outcomes = [] } = judged;
      for (const outcome of outcomes) this.outcomes.add(outcome);
      this.judged += 1;
      if (recovered) this.recovered += 1;
      this.watcher.onJudged();
      const { run, origin } = walk;
      this.tally(judgements, { fault, profile, run, origin, steps, state, place: [...walk.place, place] });
    }
    return true;
  }

  private tally(
    judgements: ReadonlyMap<Claim, Judgement>,
    where: Omit<Violation, 'claim' | 'judgement'>,
  ): void {
    for (const [claim, judgement] of judgements) {
      const tally = this.tallies.get(claim);
      if (tally === undefined) continue;
      tally[judgement.status] += 1;
      if (judgement.status === 'unknown') tally.why ??= judgement.why;
      if (judgement.status !== 'violated') continue;
      const violation = { claim, judgement, ...where };
      tally.first ??= violation;
      this.watcher.onViolation?.(violation);
    }
  }

  private shareOfBudget(runs: number): number {
    return Math.ceil((this.task.limit * derivedShare) / Math.max(1, runs));
  }

  /** The items that this lane takes on, with their place among all; none once the run is to stop. */
  private *mine<T>(items: readonly T[]): Generator<[number, T]> {
    const { index: mine, count } = this.task.share;
    for (const [index, item] of items.entries()) {
      if (index % count === mine && !this.watcher.shouldStop()) yield [index, item];
    }
  }
}

/** Of a run that no other lane walks. */
const all: Share = { index: 0, count: 1 };

const workloadOrigin: RunOrigin = { kind: 'workload', plan: [] };

interface Walk {
  readonly run: RecordedRun;
  readonly origin: RunOrigin;
  readonly trace: EffectTrace;
  readonly place: readonly number[];
  /** All lanes walk the same run. */
  readonly shared: boolean;
  /** Of the images, those that this lane judges. */
  readonly images: Share;
}
