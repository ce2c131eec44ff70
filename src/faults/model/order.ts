import { pageBytes } from './content.ts';
import type { Effect, EffectTrace } from './effects.ts';
import type { Operation } from './operation.ts';
import type { InodeNumber } from './tree.ts';

/**
 * What a profile makes of a trace: which effects reach the disk together, which must not come without others, and
 * which barrier made each one durable.
 */
export interface Order {
  readonly trace: EffectTrace;
  readonly atoms: readonly Atom[];
  /** Effect id to atom id. */
  readonly atomOf: readonly number[];
  /**
   * `never`: no barrier covers it. Else the trace entry of the barrier that did: the atom is in every crash state whose
   * point is greater than that entry.
   */
  readonly durableAt: readonly number[];
  /** With an atom, a barrier made all that it follows durable too. */
  readonly barriersFollowOrder: boolean;
}

export const never = Number.POSITIVE_INFINITY;

/** Effects that persist together. All of one operation; ids ascend in program order. */
export interface Atom {
  readonly id: number;
  readonly entry: number;
  readonly volume: string;
  /** Empty for a junction, which only carries order. */
  readonly effects: readonly number[];
  /**
   * Atoms that this one carries with it, mostly because they share a place: an older version of a unit, a directory entry or
   * an inode is part of the newer one.
   */
  readonly carries: readonly number[];
  /** Atoms that the file system writes first. */
  readonly follows: readonly number[];
}

export type SyncEntry = Extract<Operation, { kind: 'sync' }>;

/** A barrier as a profile sees it. */
export interface Barrier {
  readonly entry: number;
  readonly volume: string;
  readonly operation: SyncEntry;
  readonly dataOnly: boolean;
}

/** How a profile builds an {@link Order}: it is shown each operation's effects, and each barrier, in program order. */
export interface OrderRules {
  /** A block of a page is old or new, never a mixture: data is written elsewhere first (copy on write). */
  readonly copyOnWrite?: boolean;
  /** A size that grew by writing is set once its own data is on disk, so no later size includes it. */
  readonly growthStandsAlone?: boolean;
  /** A write is there or not, whatever became of those before it at its place: a disk takes each request on its own. */
  readonly requestsStandAlone?: boolean;
  /** Each operation is durable by the time that the next one is recorded: a disk without a volatile cache. */
  readonly answeredIsDurable?: boolean;
  /** A barrier persists what it covers and nothing that it follows: a log of single inodes. */
  readonly barrierSkipsOrder?: boolean;
  /** Splits the effects of one operation into atoms, and says what each follows. */
  readonly arrange: (builder: OrderBuilder, effects: readonly Effect[], operation: Operation) => void;
  /** Atoms that the barrier makes durable, beyond the inode's own (or, for a directory, the names in it). */
  readonly alsoCovers?: (builder: OrderBuilder, barrier: Barrier) => Iterable<number>;
  /** The last writer of a file closed it. */
  readonly onClose?: (builder: OrderBuilder, inode: InodeNumber, volume: string) => void;
  /** False for a barrier that lies. `ordinal` counts barriers from 1. */
  readonly barrierWorks?: (ordinal: number) => boolean;
}

interface MutableAtom extends Atom {
  readonly carries: number[];
  readonly follows: number[];
}

export class OrderBuilder {
  readonly trace: EffectTrace;
  readonly atoms: MutableAtom[] = [];
  private readonly rules: OrderRules;
  private readonly tearing: boolean;
  private readonly atomOf: number[] = [];
  private readonly durableAt: number[] = [];
  /** Place (unit, entry, inode field) to the last atom that wrote it. */
  private readonly lastAt = new Map<string, number>();
  /** Inode to its atoms that are not durable yet. */
  private readonly pendingOf = new Map<InodeNumber, Set<number>>();
  /** Data whose writeback failed, and sizes that grew with it: no later barrier covers them (docs/fault-model.md). */
  private readonly abandoned = new Set<number>();

  constructor(trace: EffectTrace, rules: OrderRules, tearing: boolean) {
    this.trace = trace;
    this.rules = rules;
    this.tearing = tearing;
  }

  /** Adds a write's data: one atom, or where writes may tear one a unit (with copy on write, one a block). Answers their ids. */
  data(effects: readonly Effect[], follows: Iterable<number> = []): number[] {
    // A write that the disk dropped has no data.
    if (effects.length === 0) return [];
    const after = [...follows];
    if (!this.tearing) return [this.atom(effects, after)];
    if (this.rules.copyOnWrite !== true) return effects.map((effect) => this.atom([effect], after));
    const blocks = new Map<number, Effect[]>();
    for (const effect of effects) {
      const block = effect.kind === 'data' ? Math.floor(effect.offset / pageBytes) : 0;
      const known = blocks.get(block);
      if (known === undefined) blocks.set(block, [effect]);
      else known.push(effect);
    }
    return [...blocks.values()].map((block) => this.atom(block, after));
  }

  /** Adds an atom without effects that follows all of `atoms`: following it is following them. */
  junction(atoms: readonly number[], entry: number, volume: string): number {
    const id = this.atoms.length;
    this.atoms.push({ id, entry, volume, effects: [], carries: [], follows: [...atoms] });
    this.durableAt.push(never);
    return id;
  }

  /** Adds an atom of these effects, all of one operation. `alongWith`: it is never there without these. Answers its id. */
  atom(effects: readonly Effect[], follows: Iterable<number> = [], alongWith: Iterable<number> = []): number {
    const [first] = effects;
    if (first === undefined) throw new Error('an atom needs effects');
    const id = this.atoms.length;
    const carries = new Set<number>(alongWith);
    for (const effect of effects) {
      this.atomOf[effect.id] = id;
      for (const before of this.carriedBy(effect)) {
        if (before !== id) carries.add(before);
      }
      this.lastAt.set(placeOf(effect), id);
      if (effect.kind === 'size' && !effect.grownByWrite) this.lastAt.set(`set ${placeOf(effect)}`, id);
      for (const inode of coveredWith(effect)) this.addPending(inode, id);
    }
    this.atoms.push({
      id,
      entry: first.entry,
      volume: first.volume,
      effects: effects.map((effect) => effect.id),
      carries: [...this.standing(carries, 'carries')],
      follows: [...this.standing(follows, 'follows')].filter((other) => other !== id),
    });
    this.durableAt.push(never);
    return id;
  }

  /** What is on the medium already. It includes nothing older: what is written back later goes over it. */
  medium(effects: readonly Effect[], entry: number): void {
    for (const effect of effects) {
      const id = this.atoms.length;
      this.atomOf[effect.id] = id;
      this.atoms.push({ id, entry, volume: effect.volume, effects: [effect.id], carries: [], follows: [] });
      this.durableAt.push(entry);
    }
  }

  /** Atoms of an inode that no barrier has covered: its data, size, attributes, creation, and for a directory its names. */
  pending(inode: InodeNumber, wanted: (effect: Effect) => boolean = () => true): number[] {
    return [...(this.pendingOf.get(inode) ?? [])].filter((id) => this.effectsOf(id).some(wanted));
  }

  isPending(atom: number): boolean {
    return this.durableAt[atom] === never && !this.abandoned.has(atom);
  }

  effectsOf(atom: number): Effect[] {
    return (this.atoms[atom]?.effects ?? []).flatMap((id) => this.trace.effects[id] ?? []);
  }

  makeDurable(atoms: Iterable<number>, entry: number): void {
    const waiting = [...atoms];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (!this.isPending(id)) continue;
      this.durableAt[id] = entry;
      for (const effect of this.effectsOf(id)) {
        for (const inode of coveredWith(effect)) this.pendingOf.get(inode)?.delete(id);
      }
      const atom = this.atoms[id];
      waiting.push(...(atom?.carries ?? []));
      if (this.rules.barrierSkipsOrder !== true) waiting.push(...(atom?.follows ?? []));
    }
  }

  /**
   * A barrier failed: the pages are clean in the cache, and nobody will write them again. Nor will a size that grew with
   * them be written (xfs sets it when the data is on disk).
   */
  abandonData(inode: InodeNumber): void {
    const written = (effect: Effect) =>
      effect.kind === 'data' || (effect.kind === 'size' && effect.grownByWrite);
    const given = this.pending(inode, written);
    if (given.length === 0) return;
    for (const id of given) {
      this.abandoned.add(id);
      this.pendingOf.get(inode)?.delete(id);
    }
    for (const atom of this.atoms) {
      atom.follows.splice(0, Number.POSITIVE_INFINITY, ...this.standing(atom.follows, 'follows'));
      atom.carries.splice(0, Number.POSITIVE_INFINITY, ...this.standing(atom.carries, 'carries'));
    }
  }

  /** The atoms, with what stood behind each that was abandoned in its place: nothing waits for that one, but for those. */
  private standing(atoms: Iterable<number>, through: 'follows' | 'carries'): Set<number> {
    const result = new Set<number>();
    const waiting = [...atoms];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (this.abandoned.has(id)) waiting.push(...(this.atoms[id]?.[through] ?? []));
      else result.add(id);
    }
    return result;
  }

  build(): Order {
    const { trace, atoms, atomOf, durableAt } = this;
    return { trace, atoms, atomOf, durableAt, barriersFollowOrder: this.rules.barrierSkipsOrder !== true };
  }

  /** What was there before at the effect's place; a name also carries the creation of what it names. */
  private carriedBy(effect: Effect): number[] {
    if (this.rules.requestsStandAlone === true) return [];
    const alone = effect.kind === 'size' && this.rules.growthStandsAlone === true;
    const before = this.lastAt.get(alone ? `set ${placeOf(effect)}` : placeOf(effect));
    const creation = effect.kind === 'link' ? this.lastAt.get(`inode ${effect.inode}`) : undefined;
    return [before, creation].filter((id) => id !== undefined);
  }

  private addPending(inode: InodeNumber, atom: number): void {
    const known = this.pendingOf.get(inode);
    if (known === undefined) this.pendingOf.set(inode, new Set([atom]));
    else known.add(atom);
  }
}

/** `tearing`: a write may reach the disk in part, unit by unit; else whole or not at all. */
export function buildOrder(trace: EffectTrace, rules: OrderRules, tearing: boolean): Order {
  const builder = new OrderBuilder(trace, rules, tearing);
  let barriers = 0;
  trace.recording.trace.forEach((step, entry) => {
    if (step.kind !== 'operation') return;
    const { operation, volume } = step;
    if (operation.kind === 'close') rules.onClose?.(builder, operation.inode, volume);
    else if (operation.kind === 'sync') {
      if (operation.leftOut === true) return;
      barriers += 1;
      // Without a volatile cache the write-back that goes before the flush is what counts.
      const flushed = operation.lost !== true && (rules.barrierWorks?.(barriers) ?? true);
      const works = flushed || trace.recording.device?.volatileCache === false;
      if (operation.failed === true) builder.abandonData(operation.inode);
      else if (works)
        applyBarrier(builder, rules, { entry, volume, operation, dataOnly: isDataOnly(operation) });
    } else {
      const effects = trace.effects.slice(trace.effectsBefore[entry], trace.effectsBefore[entry + 1]);
      if (operation.kind === 'medium') builder.medium(effects, entry);
      else if (effects.length > 0) {
        const first = builder.atoms.length;
        rules.arrange(builder, effects, operation);
        const made = builder.atoms.slice(first).map(({ id }) => id);
        if (rules.answeredIsDurable === true) builder.makeDurable(made, entry + 1);
      }
    }
  });
  return builder.build();
}

function applyBarrier(builder: OrderBuilder, rules: OrderRules, barrier: Barrier): void {
  const { inode } = barrier.operation;
  const covered = builder.pending(inode, (effect) => !barrier.dataOnly || effect.kind !== 'meta');
  const more = [...(rules.alsoCovers?.(builder, barrier) ?? [])];
  builder.makeDurable([...covered, ...more], barrier.entry);
}

function isDataOnly(operation: SyncEntry): boolean {
  return operation.cause === 'fdatasync' || operation.cause === 'O_DSYNC';
}

/** The inodes whose fsync covers the effect: a name belongs to its directory, all else to its inode. */
function coveredWith(effect: Effect): InodeNumber[] {
  return effect.kind === 'link' || effect.kind === 'unlink' ? [effect.parent] : [effect.inode];
}

/** Where an effect leaves its mark. A newer effect at one place includes the older ones there. */
function placeOf(effect: Effect): string {
  switch (effect.kind) {
    case 'data':
      return `data ${effect.inode} ${effect.offset}`;
    case 'link':
    case 'unlink':
      return `name ${effect.parent} ${effect.name}`;
    case 'meta': {
      const { operation } = effect;
      return operation.kind === 'set-xattr'
        ? `xattr ${effect.inode} ${operation.name}`
        : `meta ${effect.inode}`;
    }
    case 'zero':
      // Ranges do not include each other: only the same range again is the same place.
      return `zero ${effect.inode} ${effect.offset} ${effect.length}`;
    default:
      return `${effect.kind} ${effect.inode}`;
  }
}
