import { createHash } from 'node:crypto';
import type { Claim } from '../reports/verdict.ts';
import { type CrashFault, crashPoints, crashStates } from '../src/faults/model/crash-states.ts';
import { type EffectTrace, takeApart } from '../src/faults/model/effects.ts';
import { buildImage, type CrashState } from '../src/faults/model/image.ts';
import { imageKey } from '../src/faults/model/image-key.ts';
import { pendingAt } from '../src/faults/model/pending.ts';
import { profileNamed } from '../src/faults/model/profile.ts';
import type { Lane } from './lane/lane.ts';
import type { Judgement } from './oracle/evidence.ts';
import { promisesKey, type RecordedRun } from './recorded-run.ts';

/** One kind of crash under one profile, explored on one lane. */
export interface ExploreTask {
  readonly run: RecordedRun;
  readonly fault: CrashFault;
  readonly profile: string;
  readonly claims: readonly Claim[];
  readonly seed: number;
  /** Crash states to judge, at least 1; over all lanes. */
  readonly limit: number;
  /** Also crash inside recovery. */
  readonly nested: boolean;
  /** This lane's share: `index` from 0 to `count - 1`. */
  readonly share: { readonly index: number; readonly count: number };
}

/** How a run came about: enough to record it again from its workload. */
export type RunOrigin =
  | { readonly kind: 'workload' }
  | { readonly kind: 'reopen'; readonly killPoint: number }
  | { readonly kind: 'nested'; readonly state: CrashState };

export interface Violation {
  readonly claim: Claim;
  readonly judgement: Extract<Judgement, { status: 'violated' }>;
  readonly run: RecordedRun;
  readonly origin: RunOrigin;
  readonly state: CrashState;
  /** Where it stands in the order of exploration; the same on every machine and for any number of lanes. */
  readonly place: readonly number[];
}

export interface ClaimTally {
  readonly held: number;
  readonly violated: number;
  readonly unknown: number;
  readonly why?: string;
  readonly first?: Violation;
}

export interface ExploreResult {
  readonly crashPoints: number;
  /** Legal states looked at, and the different images with different promises among them. Over all lanes. */
  readonly states: number;
  readonly images: number;
  /** How many images this lane judged. */
  readonly judged: number;
  readonly exhaustive: boolean;
  readonly tallies: ReadonlyMap<Claim, ClaimTally>;
  /** Why nothing could be explored, or what of it could not. */
  readonly notes: readonly string[];
}

export interface ExploreWatcher {
  /** Called after each judged image. */
  readonly onJudged: () => void;
  readonly shouldStop: () => boolean;
}

/** How many runs are killed and reopened, and how many recoveries are crashed, for one fault and profile. */
const reopenRunsMax = 8;
const nestedRunsMax = 12;
/** What of the budget goes to each: the rest to the workload's own crash states. */
const derivedShare = 0.2;

export async function explore(
  lane: Lane,
  task: ExploreTask,
  watcher: ExploreWatcher,
): Promise<ExploreResult> {
  const exploration = new Exploration(lane, task, watcher);
  await exploration.exploreWorkload();
  if (task.fault === 'power-loss') await exploration.exploreReopened();
  if (task.nested && task.fault !== 'process-kill') await exploration.exploreNested();
  return exploration.result();
}

class Exploration {
  private readonly lane: Lane;
  private readonly task: ExploreTask;
  private readonly watcher: ExploreWatcher;
  private readonly seen = new Set<string>();
  private readonly tallies = new Map<Claim, Mutable<ClaimTally>>();
  /** States of the workload whose images lost something: recovery has work to do there. */
  private readonly damaged: CrashState[] = [];
  private readonly notes = new Set<string>();
  private trace: EffectTrace | undefined;
  private counts = { crashPoints: 0, states: 0, images: 0, judged: 0 };
  private exhaustive = false;

  constructor(lane: Lane, task: ExploreTask, watcher: ExploreWatcher) {
    this.lane = lane;
    this.task = task;
    this.watcher = watcher;
    for (const claim of task.claims) this.tallies.set(claim, { held: 0, violated: 0, unknown: 0 });
  }

  result(): ExploreResult {
    return { ...this.counts, exhaustive: this.exhaustive, tallies: this.tallies, notes: [...this.notes] };
  }

  async exploreWorkload(): Promise<void> {
    const { run, limit } = this.task;
    const derived = this.task.fault === 'process-kill' ? 0 : derivedShare * 2;
    const found = await this.exploreRun(
      run,
      { kind: 'workload' },
      Math.ceil(limit * (1 - derived)),
      [0],
      true,
    );
    this.exhaustive = found.exhaustive;
  }

  /** Kill, reopen, acknowledge, then cut: the page cache shows what is not durable. */
  async exploreReopened(): Promise<void> {
    const { run, limit } = this.task;
    const trace = this.effects();
    const order = crashStates(trace, profileNamed(this.task.profile), 'power-loss', {
      seed: this.task.seed,
      limit: 1,
    }).order;
    const worth = crashPoints(trace).filter((point) => pendingAt(order, point).atoms.length > 0);
    const killPoints = spread(worth, reopenRunsMax);
    const each = Math.ceil((limit * derivedShare) / Math.max(1, killPoints.length));
    for (const [index, killPoint] of killPoints.entries()) {
      if (index % this.task.share.count !== this.task.share.index || this.watcher.shouldStop()) continue;
      const again = await this.lane.recorder.reopen(run, killPoint);
      if (again.endedEarly !== undefined) this.notes.add(`after a kill at ${killPoint}: ${again.endedEarly}`);
      else await this.exploreRun(again, { kind: 'reopen', killPoint }, each, [1, index], false);
    }
  }

  async exploreNested(): Promise<void> {
    const { run, limit } = this.task;
    const states = spread(this.damaged, nestedRunsMax);
    const each = Math.ceil((limit * derivedShare) / Math.max(1, states.length));
    for (const [index, state] of states.entries()) {
      if (index % this.task.share.count !== this.task.share.index || this.watcher.shouldStop()) continue;
      const again = await this.lane.recorder.nested(run, state);
      // Where recovery itself fails, that was judged as an image of its own.
      if (again.endedEarly === undefined) {
        await this.exploreRun(again, { kind: 'nested', state }, each, [2, index], false);
      }
    }
  }

  /** `shared`: every lane walks the same states, and judges its share of the images. */
  private async exploreRun(
    run: RecordedRun,
    origin: RunOrigin,
    limit: number,
    place: readonly number[],
    shared: boolean,
  ): Promise<{ exhaustive: boolean }> {
    const { task, counts } = this;
    const trace = takeApart(run.recording);
    if (origin.kind === 'workload') this.trace = trace;
    const found = crashStates(trace, profileNamed(task.profile), task.fault, {
      seed: task.seed,
      limit,
      after: run.exploredUpTo,
    });
    counts.crashPoints += found.points.length;
    const promises = new PromiseKeys(run);
    for (const state of found.states) {
      if (this.watcher.shouldStop()) return { exhaustive: false };
      counts.states += 1;
      const image = buildImage(trace, state);
      const key = `${imageKey(image)} ${promises.at(state.point)}`;
      if (this.seen.has(key)) continue;
      this.seen.add(key);
      if (shared && state.lost.length > 0) this.damaged.push(state);
      const index = counts.images++;
      if (shared && index % task.share.count !== task.share.index) continue;
      const { judgements } = await this.lane.judge.judge(image, run, state.point, task.claims);
      counts.judged += 1;
      this.watcher.onJudged();
      this.tally(judgements, { run, origin, state, place: [...place, index] });
    }
    return { exhaustive: found.exhaustive };
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
      if (judgement.status === 'violated') tally.first ??= { claim, judgement, ...where };
    }
  }

  private effects(): EffectTrace {
    this.trace ??= takeApart(this.task.run.recording);
    return this.trace;
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Hashes of the promises at each point, computed once a point. */
class PromiseKeys {
  private readonly run: RecordedRun;
  private readonly keys = new Map<number, string>();

  constructor(run: RecordedRun) {
    this.run = run;
  }

  at(point: number): string {
    let key = this.keys.get(point);
    if (key === undefined) {
      key = createHash('sha1').update(promisesKey(this.run, point)).digest('base64');
      this.keys.set(point, key);
    }
    return key;
  }
}

/** At most `count` of the items, evenly spread, the last one among them. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, step) => items[Math.floor(((step + 1) * items.length) / count) - 1],
  ).flatMap((item) => (item === undefined ? [] : [item]));
}
