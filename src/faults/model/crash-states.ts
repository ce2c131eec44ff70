import type { EffectTrace } from './effects.ts';
import type { CrashState, Filler } from './image.ts';
import { buildOrder, type Order } from './order.ts';
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
 * all are there; else the order is: nothing lost, all lost, each prefix, each single effect lost, each single effect
 * kept, each write torn at each boundary, then seeded random choices; each kind over all crash points before the next.
 */
export function crashStates(
  trace: EffectTrace,
  profile: Profile,
  fault: CrashFault,
  settings: CrashStateSettings,
): CrashStates {
  const tearing = fault === 'torn-write';
  const order = buildOrder(trace, profile.rules(), tearing);
  const points = crashPoints(trace, settings.after ?? -1);
  if (fault === 'process-kill') {
    const states = points
      .slice(0, settings.limit)
      .map((point) => ({ point, lost: [], filler: 'old' as const }));
    return { order, points, exhaustive: points.length <= settings.limit, states };
  }
  const fillers = tearing ? profile.fillers.torn : profile.fillers.whole;
  const exhaustive = countAll(order, points, settings.limit) * fillers.length <= settings.limit;
  const choices = exhaustive ? everything(order, points) : mostTelling(order, points, settings);
  const states = toStates(order, choices, fillers, tearing);
  return { order, points, exhaustive, states: take(states, settings.limit) };
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

interface Choice {
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

type Stage = (pending: Pending, order: Order, random: Random) => Iterable<Bits>;

function* mostTelling(
  order: Order,
  points: readonly number[],
  settings: CrashStateSettings,
): Generator<Choice> {
  const random = createRandom(settings.seed, 'crash-states');
  for (const stage of [nothingLost, allLost, prefixes, singleLost, singleKept, tears]) {
    for (const point of points) {
      const pending = pendingAt(order, point);
      for (const kept of stage(pending, order, random)) yield { pending, kept };
    }
  }
  const worth = points.map((point) => pendingAt(order, point)).filter((pending) => pending.atoms.length > 1);
  // Choices repeat sooner or later: a bound on how long to look for new ones.
  const rounds = Math.ceil((4 * settings.limit) / Math.max(1, worth.length));
  for (let round = 0; round < rounds; round++) {
    for (const pending of worth) yield { pending, kept: randomChoice(pending, random) };
  }
}

function all(pending: Pending): Bits {
  const kept = bits(pending.atoms.length);
  pending.atoms.forEach((_, position) => {
    add(kept, position);
  });
  return kept;
}

const nothingLost: Stage = (pending) => [all(pending)];

const allLost: Stage = (pending) => [bits(pending.atoms.length)];

function* prefixes(pending: Pending): Generator<Bits> {
  const kept = bits(pending.atoms.length);
  for (const [position] of pending.atoms.entries()) {
    add(kept, position);
    yield kept.slice();
  }
}

function* singleLost(pending: Pending): Generator<Bits> {
  for (const lost of pending.neededBy) yield without(all(pending), lost);
}

function* singleKept(pending: Pending): Generator<Bits> {
  yield* pending.needs;
}

/** Each operation with several atoms (a torn write's units) cut at each boundary, from the front and from the back. */
function* tears(pending: Pending, order: Order): Generator<Bits> {
  for (const positions of byEntry(pending, order)) {
    for (let cut = 1; cut < positions.length; cut++) {
      yield without(all(pending), allNeeding(pending, positions.slice(cut)));
      yield without(all(pending), allNeeding(pending, positions.slice(0, cut)));
    }
  }
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

function allNeeding(pending: Pending, positions: readonly number[]): Bits {
  const result = bits(pending.atoms.length);
  for (const position of positions) {
    const more = pending.neededBy[position];
    if (more !== undefined) addAll(result, more);
  }
  return result;
}

function without(kept: Bits, lost: Bits): Bits {
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
  tearing: boolean,
): Generator<CrashState> {
  const seen = new Set<string>();
  for (const { pending, kept } of choices) {
    const lost = lostEffects(order, pending, kept);
    const torn = tearing && isTorn(order.trace, lost);
    const losesData = lost.some((id) => order.trace.effects[id]?.kind === 'data');
    for (const filler of fillers) {
      if (filler !== 'old' && !losesData) continue;
      // Garbage in an overwritten unit is a torn write of its own, also where the write has one unit only.
      if (tearing && !torn && filler !== 'garbage-overwrites') continue;
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
