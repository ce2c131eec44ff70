import type { Order } from './order.ts';

/**
 * What may or may not be on disk at one crash point: the atoms issued before it that no barrier had covered, and what
 * each needs. Positions count from 0 in program order. A choice of positions is legal if it is closed: with each
 * position it has all that this one needs.
 */
export interface Pending {
  readonly point: number;
  /** Position to atom id. */
  readonly atoms: readonly number[];
  /** Position to the positions that it needs, itself included. */
  readonly needs: readonly Bits[];
  /** Position to the positions that need it, itself included. */
  readonly neededBy: readonly Bits[];
}

/** A set of small numbers. */
export type Bits = Uint32Array;

export function bits(size: number): Bits {
  return new Uint32Array((size + 31) >>> 5);
}

export function has(set: Bits, position: number): boolean {
  return (((set[position >>> 5] ?? 0) >>> (position & 31)) & 1) === 1;
}

export function add(set: Bits, position: number): void {
  const word = position >>> 5;
  set[word] = (set[word] ?? 0) | (1 << (position & 31));
}

export function addAll(set: Bits, more: Bits): void {
  for (let word = 0; word < set.length; word++) set[word] = (set[word] ?? 0) | (more[word] ?? 0);
}

export function pendingAt(order: Order, point: number): Pending {
  const atoms: number[] = [];
  const positionOf = new Map<number, number>();
  for (const atom of order.atoms) {
    if (atom.entry >= point) break;
    // A barrier at entry b is over at points greater than b.
    if ((order.durableAt[atom.id] ?? 0) >= point) {
      positionOf.set(atom.id, atoms.length);
      atoms.push(atom.id);
    }
  }
  let needs: Bits[] | undefined;
  let neededBy: Bits[] | undefined;
  const throughDurable = new Map<number, Bits>();
  // Worked out when first asked for: many a point is only asked what is pending.
  return {
    point,
    atoms,
    get needs() {
      needs ??= allNeeds();
      return needs;
    },
    get neededBy() {
      neededBy ??= transpose(this.needs, atoms.length);
      return neededBy;
    },
  };

  function allNeeds(): Bits[] {
    const rows: Bits[] = [];
    for (const [position, id] of atoms.entries()) {
      const mine = bits(atoms.length);
      add(mine, position);
      rows.push(mine);
      collect(id, mine, rows);
    }
    return rows;
  }

  /** Adds to `mine` what the atom needs. A durable atom needs nothing itself, but hands on the order behind it. */
  function collect(id: number, mine: Bits, rows: readonly Bits[]): void {
    const atom = order.atoms[id];
    for (const other of [...(atom?.carries ?? []), ...(atom?.follows ?? [])]) {
      const position = positionOf.get(other);
      const known = position === undefined ? behindDurable(other, rows) : rows[position];
      if (known !== undefined) addAll(mine, known);
    }
  }

  function behindDurable(id: number, rows: readonly Bits[]): Bits | undefined {
    if (order.barriersFollowOrder) return undefined;
    const known = throughDurable.get(id);
    if (known !== undefined) return known;
    const behind = bits(atoms.length);
    throughDurable.set(id, behind);
    const seen = new Set([id]);
    for (const at of seen) {
      for (const other of [...(order.atoms[at]?.carries ?? []), ...(order.atoms[at]?.follows ?? [])]) {
        const position = positionOf.get(other);
        if (position === undefined) seen.add(other);
        else addAll(behind, rows[position] ?? behind);
      }
    }
    return behind;
  }
}

function transpose(rows: readonly Bits[], size: number): Bits[] {
  const columns = rows.map(() => bits(size));
  rows.forEach((row, position) => {
    for (const needed of members(row)) {
      const column = columns[needed];
      if (column !== undefined) add(column, position);
    }
  });
  return columns;
}

function* members(set: Bits): Generator<number> {
  for (let word = 0; word < set.length; word++) {
    for (let left = set[word] ?? 0; left !== 0; left &= left - 1)
      yield word * 32 + 31 - Math.clz32(left & -left);
  }
}

/** How many legal choices there are, counted up to `limit`. */
export function countChoices(pending: Pending, limit: number): number {
  let count = 0;
  for (const _ of allChoices(pending)) {
    count += 1;
    if (count >= limit) break;
  }
  return count;
}

/** Every legal choice, each once, the one that keeps everything first. */
export function* allChoices(pending: Pending): Generator<Bits> {
  const kept = bits(pending.atoms.length);
  // Counts down in binary, the last position counting least: what becomes legal again is kept again.
  for (let position = 0; position >= 0; ) {
    for (; position < pending.atoms.length; position++) {
      if (allowed(pending, kept, position)) add(kept, position);
    }
    yield kept.slice();
    position = dropLast(kept);
  }
}

/** Removes the greatest number from the set. Answers the one after it, -1 if the set was empty. */
function dropLast(set: Bits): number {
  for (let word = set.length - 1; word >= 0; word--) {
    const value = set[word] ?? 0;
    if (value === 0) continue;
    const bit = 31 - Math.clz32(value);
    set[word] = value & ~(1 << bit);
    return word * 32 + bit + 1;
  }
  return -1;
}

function allowed(pending: Pending, kept: Bits, position: number): boolean {
  const needs = pending.needs[position];
  if (needs === undefined) return false;
  for (let word = 0; word < needs.length; word++) {
    const missing = (needs[word] ?? 0) & ~(kept[word] ?? 0);
    const self = word === position >>> 5 ? 1 << (position & 31) : 0;
    if ((missing & ~self) !== 0) return false;
  }
  return true;
}

/** Whether the choice is closed. */
export function isLegal(pending: Pending, kept: Bits): boolean {
  return pending.atoms.every((_, position) => !has(kept, position) || allowed(pending, kept, position));
}
