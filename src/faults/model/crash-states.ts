import type { Device } from './device.ts';
import type { EffectTrace } from './effects.ts';
import type { CrashState, Filler } from './image.ts';
import { buildOrder, type Order, type OrderRules } from './order.ts';
import {
  add,
  addAll,
  allChoices,
  type Bits,
  bits,
  countChoices,
  has,
  type Pending,
  pendingAt,
} from './pending.ts';
import type { Profile } from './profile.ts';
import { createRandom, type Random } from './random.ts';

/** The faults whose crash states follow from a trace and a profile alone. */
export type CrashFault = 'process-kill' | 'power-loss' | 'torn-write';

export interface CrashStateSettings {
  readonly seed: number;
  /** Crash states wanted at most, at least 1. */
  readonly limit: number;
  /** Only crash points greater than this: what came before was explored already. */
  readonly after?: number;
  /** Only crash points among these. */
  readonly among?: ReadonlySet<number>;
  /** Under `torn-write`: also the states in which each write is there whole or not at all. */
  readonly alsoWhole?: boolean;
  /** What to try where there are too many states for all, in place of the order below; the points come far apart first. */
  readonly choose?: (order: Order, points: readonly number[]) => Iterable<Choice>;
}

export interface CrashStates {
  readonly order: Order;
  readonly points: readonly number[];
  /** Every legal state is among `states`. */
  readonly exhaustive: boolean;
  /** Distinct states, most telling first. At most `limit` of them. */
  readonly states: Iterable<CrashState>;
}

/**
 * The crash states of a trace under a profile.
 *
 * `process-kill` keeps the page cache: one state a point, nothing lost. `power-loss`: each write is there whole or not
 * at all. `torn-write`: the states in which at least one write is there in part. When there are at most `limit` states,
 * all are there; else the order is: nothing lost and all lost at each point; prefixes, single effects lost, single effects
 * kept, writes torn at each boundary, each kind over all crash points before the next; then seeded random choices.
 */
export function crashStates(
  trace: EffectTrace,
  profile: Profile,
  fault: CrashFault,
  settings: CrashStateSettings,
): CrashStates {
  const tearing = fault === 'torn-write';
  const rules = profile.rules();
  const order = buildOrder(trace, rules, tearing);
  const { after = -1, among } = settings;
  const points = crashPoints(trace, after).filter((point) => among?.has(point) !== false);
  if (fault === 'process-kill') {
    const states = farApart(points)
      .slice(0, settings.limit)
      .sort((a, b) => a - b)
      .map((point) => ({ point, lost: [], filler: 'old' as const }));
    return { order, points, exhaustive: points.length <= settings.limit, states };
  }
  const fillers = tearing ? tornFillers(profile, rules, trace.recording.device) : profile.fillers.whole;
  const exhaustive = countAll(order, points, settings.limit) * fillers.length <= settings.limit;
  const { choose = (_order, spread) => mostTelling(order, spread, settings) } = settings;
  const choices = exhaustive ? everything(order, points) : choose(order, farApart(points));
  const states = toStates(order, choices, fillers, tearing && settings.alsoWhole !== true);
  return { order, points, exhaustive, states: take(states, settings.limit) };
}

/** What copies on write overwrites nothing; on all else the disk decides, and where it is not named, the profile. */
function tornFillers(profile: Profile, rules: OrderRules, device: Device | undefined): readonly Filler[] {
  const { torn } = profile.fillers;
  if (device?.powersafeOverwrite === undefined || rules.copyOnWrite === true) return torn;
  const others = torn.filter((filler) => filler !== 'garbage-overwrites');
  return device.powersafeOverwrite ? others : [...others, 'garbage-overwrites'];
}

/** A crash just before an operation has all earlier acknowledgements, so one point an operation is enough; and the end. */
export function crashPoints(trace: EffectTrace, after = -1): number[] {
  const entries = trace.recording.trace;
  const points: number[] = [];
  for (let point = 0; point <= entries.length; point++) {
    const next = entries[point];
    if (point > after && (next === undefined || next.kind === 'operation')) points.push(point);
  }
  return points;
}

/** Of what is pending at one crash point, what reached the disk. */
export interface Choice {
  readonly pending: Pending;
  readonly kept: Bits;
}

function countAll(order: Order, points: readonly number[], limit: number): number {
  let count = 0;
  for (const point of points) {
    count += countChoices(pendingAt(order, point), limit + 1 - count);
    if (count > limit) break;
  }
  return count;
}

function* everything(order: Order, points: readonly number[]): Generator<Choice> {
  for (const point of points) {
    const pending = pendingAt(order, point);
    for (const kept of allChoices(pending)) yield { pending, kept };
  }
}

/** Choices of one kind at one crash point, by number from 0. */
interface Family {
  readonly count: number;
  readonly at: (index: number) => Bits;
}

const families: readonly ((pending: Pending, order: Order) => Family)[] = [
  prefixes,
  singleLost,
  singleKept,
  tears,
];

/**
 * Crash points are visited far apart from each other, so that a budget that ends early has seen all of the trace: first
 * the two ends at each point, then a few choices of each kind at each point, then all of them.
 */
function* mostTelling(
  order: Order,
  spread: readonly number[],
  settings: CrashStateSettings,
): Generator<Choice> {
  for (const point of spread) {
    const pending = pendingAt(order, point);
    yield { pending, kept: all(pending) };
    yield { pending, kept: bits(pending.atoms.length) };
  }
  const few = Math.ceil(settings.limit / (2 * families.length * spread.length));
  for (const share of [few, Number.POSITIVE_INFINITY]) {
    for (const family of families) {
      for (const point of spread) {
        const pending = pendingAt(order, point);
        for (const kept of sample(family(pending, order), share)) yield { pending, kept };
      }
    }
  }
  yield* randomChoices(order, spread, settings);
}

/** Choices repeat sooner or later: a bound on how long to look for new ones. */
const randomRounds = 4;

function* randomChoices(
  order: Order,
  points: readonly number[],
  settings: CrashStateSettings,
): Generator<Choice> {
  const random = createRandom(settings.seed, 'crash-states');
  const each = Math.ceil(settings.limit / points.length);
  for (let round = 0; round < randomRounds; round++) {
    for (const point of points) {
      const pending = pendingAt(order, point);
      if (pending.atoms.length < 2) continue;
      for (let count = 0; count < each; count++) yield { pending, kept: randomChoice(pending, random) };
    }
  }
}

/** The items in an order that begins with the last one and halves the gaps between those that were visited. */
function farApart(items: readonly number[]): number[] {
  const levels = Math.ceil(Math.log2(Math.max(1, items.length)));
  const result: number[] = [];
  for (let step = 0; step < 2 ** levels; step++) {
    const item = items[items.length - 1 - reverseBits(step, levels)];
    if (item !== undefined) result.push(item);
  }
  return result;
}

function reverseBits(value: number, count: number): number {
  let result = 0;
  for (let bit = 0; bit < count; bit++) result = result * 2 + ((value >>> bit) & 1);
  return result;
}

/** At most `share` choices of a family, evenly spread. */
function* sample(family: Family, share: number): Generator<Bits> {
  const count = Math.min(share, family.count);
  for (let step = 0; step < count; step++) yield family.at(Math.floor((step * family.count) / count));
}

function all(pending: Pending): Bits {
  return firstOf(pending, pending.atoms.length);
}

/** The first `count` positions. */
export function firstOf(pending: Pending, count: number): Bits {
  const kept = bits(pending.atoms.length);
  for (let position = 0; position < count; position++) add(kept, position);
  return kept;
}

function prefixes(pending: Pending): Family {
  return { count: pending.atoms.length, at: (index) => firstOf(pending, index) };
}

function singleLost(pending: Pending): Family {
  return {
    count: pending.atoms.length,
    at: (index) => without(all(pending), allNeeding(pending, [index])),
  };
}

function singleKept(pending: Pending): Family {
  const none = bits(pending.atoms.length);
  return { count: pending.atoms.length, at: (index) => pending.needs[index] ?? none };
}

/** Each operation with several atoms (a torn write's units) cut at each boundary, from the front and from the back. */
function tears(pending: Pending, order: Order): Family {
  const cuts = byEntry(pending, order).flatMap((positions) =>
    positions.slice(1).flatMap((_, cut) => [
      { positions, from: cut + 1, to: positions.length },
      { positions, from: 0, to: cut + 1 },
    ]),
  );
  return {
    count: cuts.length,
    at: (index) => {
      const cut = cuts[index];
      return without(all(pending), allNeeding(pending, cut?.positions.slice(cut.from, cut.to) ?? []));
    },
  };
}

function byEntry(pending: Pending, order: Order): number[][] {
  const groups = new Map<number, number[]>();
  for (const [position, id] of pending.atoms.entries()) {
    const entry = order.atoms[id]?.entry ?? -1;
    const group = groups.get(entry);
    if (group === undefined) groups.set(entry, [position]);
    else group.push(position);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** These positions and all that need one of them. */
export function allNeeding(pending: Pending, positions: readonly number[]): Bits {
  const result = bits(pending.atoms.length);
  for (const position of positions) {
    const more = pending.neededBy[position];
    if (more !== undefined) addAll(result, more);
  }
  return result;
}

export function without(kept: Bits, lost: Bits): Bits {
  return kept.map((word, index) => word & ~(lost[index] ?? 0));
}

/** Loses or keeps each atom by chance, then closes the choice: few, half or most of them lost. */
function randomChoice(pending: Pending, random: Random): Bits {
  const rate = [1, 4, 7][random.below(3)] ?? 4;
  const lost = pending.atoms.flatMap((_, position) => (random.chance(rate, 8) ? [position] : []));
  return without(all(pending), allNeeding(pending, lost));
}

function* toStates(
  order: Order,
  choices: Iterable<Choice>,
  fillers: readonly Filler[],
  onlyTorn: boolean,
): Generator<CrashState> {
  const seen = new Set<string>();
  for (const { pending, kept } of choices) {
    const lost = lostEffects(order, pending, kept);
    const torn = onlyTorn && isTorn(order.trace, lost);
    const losesData = lost.some((id) => order.trace.effects[id]?.kind === 'data');
    for (const filler of fillers) {
      if (filler !== 'old' && !losesData) continue;
      // Garbage in an overwritten unit is a torn write of its own, also where the write has one unit only.
      if (onlyTorn && !torn && filler !== 'garbage-overwrites') continue;
      const key = `${pending.point} ${filler} ${lost.join()}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { point: pending.point, lost, filler };
    }
  }
}

function lostEffects(order: Order, pending: Pending, kept: Bits): number[] {
  return pending.atoms
    .flatMap((id, position) => (has(kept, position) ? [] : (order.atoms[id]?.effects ?? [])))
    .sort((a, b) => a - b);
}

/** A write is there in part: some of its data is lost and some is not. */
export function isTorn(trace: EffectTrace, lost: readonly number[]): boolean {
  const missing = new Set(lost);
  const entries = new Set(lost.map((id) => trace.effects[id]?.entry));
  for (const entry of entries) {
    if (entry === undefined) continue;
    const data = trace.effects
      .slice(trace.effectsBefore[entry], trace.effectsBefore[entry + 1])
      .filter((effect) => effect.kind === 'data');
    const gone = data.filter((effect) => missing.has(effect.id)).length;
    if (gone > 0 && gone < data.length) return true;
  }
  return false;
}

function* take<T>(items: Iterable<T>, limit: number): Generator<T> {
  let count = 0;
  for (const item of items) {
    if (count >= limit) return;
    count += 1;
    yield item;
  }
}
