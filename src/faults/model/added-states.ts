import { allNeeding, type Choice, crashPoints, crashStates, firstOf, without } from './crash-states.ts';
import type { CrashState } from './image.ts';
import { durableEffects, type Mutant, orderOf } from './mutant.ts';
import { never, type Order } from './order.ts';
import { type Pending, pendingAt } from './pending.ts';
import { createRandom, type Random } from './random.ts';

export interface AddedStates {
  /** Distinct states that are legal without the barriers and not with them. At most `limit`. */
  readonly states: readonly CrashState[];
  /** How many there are, where few enough to be counted. */
  readonly legalStates?: number;
}

/** For each state that is wanted, so many may be looked at: the others were legal before, or tried already. */
const lookedAtEach = 16;

/**
 * The crash states that leaving barriers out makes legal: at least one effect is lost that they had made durable. All of
 * them where they can be counted and are no more than `limit`, else some: evenly spread, or seeded. `after`: crash points
 * up to there are not asked for.
 */
export function addedStates(
  mutated: Mutant,
  { seed, limit, after = -1 }: { readonly seed: number; readonly limit: number; readonly after?: number },
): AddedStates {
  const { mutant, whole, profile, fault } = mutated;
  const durableBefore = durableEffects(orderOf(whole, profile, fault));
  const durableNow = durableEffects(orderOf(mutant, profile, fault));
  const wasDurable = (id: number, point: number) => (durableBefore[id] ?? never) < point;
  const isOpen = (point: number) =>
    durableNow.some((until, id) => wasDurable(id, point) && point <= until && isIssued(id, point));
  const isIssued = (id: number, point: number) => id < (mutant.effectsBefore[point] ?? 0);
  const among = new Set(crashPoints(mutant, after).filter(isOpen));
  if (among.size === 0) return { states: [], legalStates: 0 };
  const found = crashStates(mutant, profile, fault, {
    seed,
    limit: limit * lookedAtEach,
    among,
    choose: (order, points) => sample(order, points, wasDurable, { seed, limit }),
  });
  const added: CrashState[] = [];
  for (const state of found.states) {
    if (!state.lost.some((id) => wasDurable(id, state.point))) continue;
    added.push(state);
    if (!found.exhaustive && added.length === limit) break;
  }
  if (!found.exhaustive) return { states: added };
  return { states: spread(added, limit), legalStates: added.length };
}

/** What is lost beside effects that no barrier holds any more. */
const ways = ['few', 'half', 'most', 'all'] as const;

/** At every crash point a few small losses, then random ones, each time in another way. */
function* sample(
  order: Order,
  points: readonly number[],
  wasDurable: (effect: number, point: number) => boolean,
  { seed, limit }: { readonly seed: number; readonly limit: number },
): Generator<Choice> {
  const random = createRandom(seed, 'added-states');
  const few = Math.ceil(limit / points.length);
  const at = (point: number) => {
    const pending = pendingAt(order, point);
    const isOpen = (position: number) =>
      order.atoms[pending.atoms[position] ?? -1]?.effects.some((id) => wasDurable(id, point)) === true;
    return { pending, isOpen };
  };
  for (const point of points) {
    const { pending, isOpen } = at(point);
    const losses = smallLosses(alikeIn(pending, order), isOpen);
    for (const lost of spread(losses, few)) yield choiceOf(pending, lost);
  }
  let turn = 0;
  for (let round = 1; round < lookedAtEach; round++) {
    for (const point of points) {
      const { pending, isOpen } = at(point);
      const alike = alikeIn(pending, order);
      const alone = pending.atoms.map((_, position) => [position]);
      for (let count = 0; count < few; count++) {
        const way = ways[(turn++ + round) % ways.length] ?? 'half';
        yield choiceOf(pending, randomLoss(random.chance(1, 2) ? alike : alone, isOpen, way, random));
      }
    }
  }
}

/** Positions of pending atoms that are lost together. */
type Group = readonly number[];

/** The newest of each volume, the one before it of each, and so on: what keeps copies writes the same to all its volumes. */
function alikeIn({ atoms }: Pending, { atoms: all, trace }: Order): readonly Group[] {
  const perVolume = new Map<string, number[]>();
  for (const [position, id] of atoms.entries()) {
    const step = trace.recording.trace[all[id]?.entry ?? -1];
    const volume = step?.kind === 'operation' ? step.volume : '';
    perVolume.set(volume, [position, ...(perVolume.get(volume) ?? [])]);
  }
  const lists = [...perVolume.values()];
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, age) => lists.flatMap((list) => list[age] ?? []));
}

/** All that is open, and each group of it: alone, and with each other group. */
function smallLosses(groups: readonly Group[], isOpen: (position: number) => boolean): readonly Group[] {
  const open = openIn(groups, isOpen);
  return [open.flat(), ...open].flatMap((lost) => [lost, ...groups.map((group) => [...lost, ...group])]);
}

/** All that is open or one group of it, and others by chance. */
function randomLoss(
  groups: readonly Group[],
  isOpen: (position: number) => boolean,
  way: (typeof ways)[number],
  random: Random,
): Group {
  const open = openIn(groups, isOpen);
  const one = open[random.below(open.length)] ?? [];
  const eighths = { few: 1, half: 4, most: 7, all: 8 }[way];
  const others = groups.filter(() => random.chance(eighths, 8));
  return [...(random.chance(1, 2) ? open.flat() : one), ...others.flat()];
}

function openIn(groups: readonly Group[], isOpen: (position: number) => boolean): readonly Group[] {
  return groups.map((group) => group.filter(isOpen)).filter(({ length }) => length > 0);
}

function choiceOf(pending: Pending, lost: Group): Choice {
  return { pending, kept: without(firstOf(pending, pending.atoms.length), allNeeding(pending, lost)) };
}

/** At most `count` of the items, evenly spread. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  const taken = Math.min(count, items.length);
  return Array.from({ length: taken }, (_, step) => items[Math.floor((step * items.length) / taken)]).flatMap(
    (item) => (item === undefined ? [] : [item]),
  );
}
