import type { Claim } from '../../reports/verdict.ts';
import { type AddedStates, addedStates } from '../../src/faults/model/added-states.ts';
import { type EffectTrace, takeApart } from '../../src/faults/model/effects.ts';
import type { CrashState } from '../../src/faults/model/image.ts';
import { KeyedImages } from '../../src/faults/model/keyed-images.ts';
import { coverOf, withoutBarriers } from '../../src/faults/model/mutant.ts';
import { profileFor } from '../../src/faults/model/profile.ts';
import type { ClaimTally, ExploreWatcher, RunOrigin, Violation } from '../exploration.ts';
import type { Lane } from '../lane/lane.ts';
import { mergeTallies } from '../merge.ts';
import type { Judgement } from '../oracle/evidence.ts';
import { promisesBefore, type RecordedRun } from '../recorded-run.ts';
import { type Shrunk, shrink } from '../shrink.ts';
import type { Attempt, Attempted, MutantResult, MutantTask, RunWithout } from './task.ts';

/** Leaves one barrier out of all its runs, and judges what becomes legal by that. */
export async function tryMutant(
  lane: Lane,
  task: MutantTask,
  watcher: ExploreWatcher,
): Promise<MutantResult> {
  const mutants = task.runs.map((run) => mutantOf(run, task));
  const coveredBy = coversOf(mutants, task);
  if (coveredBy !== undefined) return { coveredBy, attempted: [] };
  const attempted: Attempted[] = [];
  for (const attempt of task.attempts) {
    if (watcher.shouldStop()) break;
    const result = await explore(lane, mutants, attempt, task, watcher);
    attempted.push(result);
    const broken = firstViolation(result.tallies);
    if (broken === undefined) continue;
    const shrunk = await confirm(lane, broken, task, watcher);
    return shrunk === undefined ? { attempted } : { attempted, shrunk };
  }
  return { attempted };
}

/** A run without the barrier, and which of its crash states there is reason to judge. */
interface Mutant {
  readonly run: RecordedRun;
  readonly origin: RunOrigin;
  readonly trace: EffectTrace;
  /** See {@link coverOf}. */
  readonly cover: (attempt: Attempt) => ReadonlySet<number> | undefined;
  readonly states: (attempt: Attempt, limit: number) => AddedStates;
}

function mutantOf({ run, leftOut, killPoint }: RunWithout, { barrier, seed }: MutantTask): Mutant {
  const gone = new Set(leftOut);
  const recording = withoutBarriers(run.recording, gone);
  const whole = takeApart(run.recording);
  const trace = takeApart(recording);
  const under = ({ fault, profile }: Attempt) => ({
    whole,
    mutant: trace,
    fault,
    profile: profileFor(recording, profile),
  });
  return {
    run: { ...run, recording },
    origin: { kind: 'mutant', barrier, leftOut: [...leftOut], ...(killPoint !== undefined && { killPoint }) },
    trace,
    cover: (attempt) => coverOf(under(attempt), gone),
    states: (attempt, limit) => addedStates(under(attempt), { seed, limit, after: run.exploredUpTo }),
  };
}

function coversOf(mutants: readonly Mutant[], { attempts }: MutantTask): number[][] | undefined {
  const covers: number[][] = [];
  for (const mutant of mutants) {
    const entries = new Set<number>();
    for (const attempt of attempts) {
      const cover = mutant.cover(attempt);
      if (cover === undefined) return undefined;
      for (const entry of cover) entries.add(entry);
    }
    covers.push([...entries]);
  }
  return covers;
}

/** Half of the budget is the workload's, the other half that of the reopened runs: an equal part for each. */
function shareOf(limit: number, { origin }: Mutant, mutants: readonly Mutant[]): number {
  const alike = mutants.filter((other) => isReopened(other.origin) === isReopened(origin)).length;
  const half = alike === mutants.length ? limit : limit / 2;
  return Math.ceil(half / alike);
}

function isReopened(origin: RunOrigin): boolean {
  return origin.kind === 'mutant' && origin.killPoint !== undefined;
}

async function explore(
  lane: Lane,
  mutants: readonly Mutant[],
  attempt: Attempt,
  { limit, steps }: MutantTask,
  watcher: ExploreWatcher,
): Promise<Attempted> {
  const { fault, profile } = attempt;
  const counts = { states: 0, legalStates: 0 };
  let tallies = new Map<Claim, ClaimTally>();
  for (const [index, mutant] of mutants.entries()) {
    const { run, origin } = mutant;
    const found = mutant.states(attempt, shareOf(limit, mutant, mutants));
    counts.legalStates += found.legalStates ?? Number.NaN;
    for await (const { state, judgements } of judgeAll(lane, mutant, found.states, attempt, watcher)) {
      const place = [index, counts.states++];
      const where = { fault, profile, run, origin, steps, state, place };
      tallies = mergeTallies([tallies, tallyOf(judgements, where)]);
    }
  }
  const { states, legalStates } = counts;
  return { ...attempt, states, ...(Number.isNaN(legalStates) ? {} : { legalStates }), tallies };
}

interface JudgedState {
  readonly state: CrashState;
  readonly judgements: ReadonlyMap<Claim, Judgement>;
}

/** Each state, equal images with equal promises judged once. */
async function* judgeAll(
  lane: Lane,
  { run, trace }: Mutant,
  states: readonly CrashState[],
  { claims, profile }: Attempt,
  watcher: ExploreWatcher,
): AsyncGenerator<JudgedState> {
  const images = new KeyedImages(trace);
  const promises = promisesBefore(run);
  const known = new Map<string, JudgedState['judgements']>();
  for (const state of states) {
    if (watcher.shouldStop()) return;
    const key = images.keyOf(state);
    const promisedKey = `${promises[state.point] ?? 0} ${key}`;
    let judgements = known.get(promisedKey);
    if (judgements === undefined) {
      const image = images.at(state);
      const judge = await lane.judgeOf(state, image);
      ({ judgements } = await judge.judge(image, run, state.point, claims, { key, profile }));
      known.set(promisedKey, judgements);
      watcher.onJudged();
    }
    yield { state, judgements };
  }
}

function tallyOf(
  judgements: ReadonlyMap<Claim, Judgement>,
  where: Omit<Violation, 'claim' | 'judgement'>,
): Map<Claim, ClaimTally> {
  const tallies = new Map<Claim, ClaimTally>();
  for (const [claim, judgement] of judgements) {
    const none = { held: 0, violated: 0, unknown: 0 };
    if (judgement.status === 'held') tallies.set(claim, { ...none, held: 1 });
    else if (judgement.status === 'unknown') tallies.set(claim, { ...none, unknown: 1, why: judgement.why });
    else tallies.set(claim, { ...none, violated: 1, first: { claim, judgement, ...where } });
  }
  return tallies;
}

function firstViolation(tallies: Attempted['tallies']): Violation | undefined {
  for (const { first } of tallies.values()) if (first !== undefined) return first;
  return undefined;
}

/** No shorter workload has the same barriers: what is made smaller is the crash state alone. */
function confirm(
  lane: Lane,
  violation: Violation,
  { seed, limit }: MutantTask,
  { shouldStop }: ExploreWatcher,
): Promise<Shrunk | undefined> {
  const { run, fault, profile, claim } = violation;
  const share = { index: 0, count: 1 };
  const task = {
    run,
    fault: fault as Attempt['fault'],
    profile,
    claims: [claim],
    seed,
    limit,
    nested: false,
    share,
  };
  return shrink(lane, violation, { task, shouldStop, sameWorkload: true });
}
