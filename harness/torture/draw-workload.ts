import type { Random } from '../../src/faults/model/random.ts';
import type { Scenario } from '../scenario.ts';
import type { Mutation, SubjectHello } from '../subject/subject.ts';
import { createWorkload } from '../workload/workload.ts';
import type { Cycle } from './cycle.ts';

type Workload = Cycle['workload'];

/** How many steps are made for one that is asked: those of kinds that are left out do not count. */
const choiceOfSteps = 3;
const operationsMax = 60;

/** Of a command pair, which brings its own. */
export const noWorkload: Workload = {
  seed: 0,
  first: 0,
  operations: 0,
  batch: 0,
  valueBytesMax: 1,
  keys: 1,
  picks: [],
};

/** A workload of another mix and size than the scenario's. `first` is the first number that names no value yet. */
export function drawWorkload(
  random: Random,
  { model, features }: SubjectHello,
  settings: Scenario['workload'],
  first: number,
): Workload {
  const wanted = 1 + random.below(Math.min(operationsMax, drawScale(random, settings.operations)));
  const candidates: Omit<Workload, 'picks'> = {
    seed: random.below(2 ** 31),
    first,
    operations: wanted * choiceOfSteps,
    batch: settings.batch === 0 ? 0 : 1 + random.below(2 * settings.batch),
    valueBytesMax: drawScale(random, settings.valueBytesMax),
    keys: drawScale(random, settings.keys),
  };
  const mutations = createWorkload(model, candidates, features, candidates.seed, first);
  const odds = new Map<string, number>();
  const picks = mutations.flatMap((mutation, offset) => {
    const kind = kindOf(mutation);
    const rate = odds.get(kind) ?? [0, 1, 4, 4][random.below(4)] ?? 4;
    odds.set(kind, rate);
    return random.chance(rate, 4) ? [first + offset] : [];
  });
  return { ...candidates, picks: picks.slice(0, wanted) };
}

/** What a cycle's workload asks. */
export function stepsOfCycle({ workload }: Cycle, { model, features }: SubjectHello): readonly Mutation[] {
  const { first, picks, seed } = workload;
  const mutations = createWorkload(model, workload, features, seed, first);
  return picks.flatMap((number) => mutations[number - first] ?? []);
}

/** A fraction of the scenario's own number, the same, or a multiple of it; at least 1. */
function drawScale(random: Random, own: number): number {
  const scale = [1 / 16, 1 / 4, 1, 1, 2, 4][random.below(6)] ?? 1;
  return Math.max(1, Math.ceil(own * scale));
}

/** Durable or not is a kind of its own. */
function kindOf(mutation: Mutation): string {
  return 'durable' in mutation ? `${mutation.op} ${mutation.durable}` : mutation.op;
}
