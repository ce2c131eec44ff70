import { type Content, pageBytes, readContent, zeroContent } from './content.ts';
import type { DataEffect, Effect, EffectTrace } from './effects.ts';
import { createRandom } from './random.ts';
import { cloneInode, createInode, type Inode, type InodeNumber, type Tree } from './tree.ts';

/**
 * A crash state: the power goes after the first `point` entries of the trace, and of the effects issued until then all
 * reached the disk but `lost`. Whether that is legal is a profile's question; see crash-states.ts.
 */
export interface CrashState {
  /** 0 to the length of the trace. */
  readonly point: number;
  /** Effect ids, ascending. */
  readonly lost: readonly number[];
  /** What shows where data was lost: see {@link Filler}. */
  readonly filler: Filler;
  /** A bit that flipped at rest, after all else. */
  readonly rotten?: FlippedBit;
  /** A sector that cannot be read until it is written: a fault of the disk under the image. */
  readonly unreadable?: UnreadableSector;
  /** The first read of this file answers what an earlier barrier had made durable, so many versions back. */
  readonly stale?: { readonly inode: number; readonly back: number };
  /** The first read of this file is answered late. */
  readonly stalled?: { readonly inode: number };
}

export interface UnreadableSector {
  readonly inode: number;
  /** Byte offset of the sector in the file. */
  readonly offset: number;
}

/** One bit of one file, flipped at rest. */
export interface FlippedBit {
  readonly inode: number;
  /** Byte offset in the file. */
  readonly offset: number;
  /** 0 (lowest) to 7. */
  readonly bit: number;
}

/**
 * `old`: what was there before, zeros beyond the old end of the file. `garbage`: beyond the old end of the file, stale
 * bytes of something else. `garbage-overwrites`: so also in a unit that was being overwritten (no powersafe overwrite).
 */
export type Filler = 'old' | 'garbage' | 'garbage-overwrites';

/** The tree that a crash state leaves. Shares untouched inodes and pages with the recording's base: treat it as read-only. */
export function buildImage(trace: EffectTrace, state: CrashState): Tree {
  return new Images(trace).at(state);
}

/** Images of one trace, one after the other: what they begin with in common is built once. */
export class Images {
  private readonly trace: EffectTrace;
  /** Effect id to the tree that all effects before it leave. */
  private readonly beginnings = new Map<number, Tree>();
  private readonly written: ReadonlySet<InodeNumber>;

  constructor(trace: EffectTrace) {
    this.trace = trace;
    this.beginnings.set(0, trace.recording.base);
    this.written = new Set(trace.effects.flatMap((effect) => (effect.kind === 'data' ? [effect.inode] : [])));
  }

  /** As {@link buildImage}. */
  at(state: CrashState): Tree {
    const end = this.trace.effectsBefore[state.point];
    if (end === undefined) throw new RangeError(`crash point ${state.point} is beyond the end of the trace`);
    const firstLost = Math.min(end, state.lost[0] ?? end);
    const builder = new ImageBuilder(this.beginning(firstLost));
    const lost = new Set(state.lost);
    for (let id = firstLost; id < end; id++) {
      const effect = this.trace.effects[id];
      if (effect === undefined) continue;
      if (!lost.has(id)) builder.apply(effect);
      else if (effect.kind === 'data' && state.filler !== 'old') builder.spoil(effect, state.filler);
    }
    if (state.rotten !== undefined) builder.flip(state.rotten);
    for (const inode of this.written) builder.forgetBeyondSize(inode);
    return builder.tree;
  }

  private beginning(end: number): Tree {
    const known = this.beginnings.get(end);
    if (known !== undefined) return known;
    if (this.beginnings.size >= beginningsMax) this.forgetAll();
    let from = 0;
    for (const id of this.beginnings.keys()) if (id < end && id > from) from = id;
    const builder = new ImageBuilder(this.beginnings.get(from) ?? this.trace.recording.base);
    for (let id = from; id < end; id++) {
      const effect = this.trace.effects[id];
      if (effect !== undefined) builder.apply(effect);
    }
    this.beginnings.set(end, builder.tree);
    return builder.tree;
  }

  private forgetAll(): void {
    this.beginnings.clear();
    this.beginnings.set(0, this.trace.recording.base);
  }
}

/** A beginning holds the inodes that differ from the one before it; many of a long trace would hold much. */
const beginningsMax = 256;

/** Applies effects to a copy that is made inode by inode and page by page, on the first change of each. */
class ImageBuilder {
  readonly tree: Tree;
  private readonly ownInodes = new Set<InodeNumber>();
  private readonly ownPages = new Set<Uint8Array>();

  constructor(base: Tree) {
    this.tree = { inodes: new Map(base.inodes), roots: base.roots };
  }

  apply(effect: Effect): void {
    if (effect.kind === 'inode') {
      const { inode: number, inodeKind: kind, ...rest } = effect.create;
      this.tree.inodes.set(number, createInode({ ...rest, number, kind }));
      this.ownInodes.add(number);
      return;
    }
    const inode = this.own(effect.kind === 'link' || effect.kind === 'unlink' ? effect.parent : effect.inode);
    // An effect on an inode that itself was lost is lost with it.
    if (inode === undefined) return;
    if (effect.kind === 'meta') applyMeta(inode, effect.operation);
    else if (inode.kind === 'file') this.applyToFile(inode.content, effect);
    else if (inode.kind === 'directory' && effect.kind === 'link') {
      inode.entries.set(effect.name, effect.inode);
    } else if (inode.kind === 'directory' && effect.kind === 'unlink') inode.entries.delete(effect.name);
  }

  /** Shows garbage in place of a lost data effect. */
  spoil(effect: DataEffect, filler: Filler): void {
    const inode = this.own(effect.inode);
    if (inode?.kind !== 'file') return;
    const from = filler === 'garbage-overwrites' ? 0 : effect.newFrom;
    const length = effect.bytes.length - from;
    if (length > 0) this.store(inode.content, effect.offset + from, garbage(effect.id, length));
  }

  flip({ inode: number, offset, bit }: FlippedBit): void {
    const inode = this.own(number);
    if (inode?.kind !== 'file') throw new RangeError(`the image has no file with inode ${number}`);
    const [byte = 0] = readContent(inode.content, offset, 1);
    this.store(inode.content, offset, Uint8Array.of(byte ^ (1 << bit)));
  }

  /** Data beyond the persisted size is gone: when the file grows again after the crash, zeros show there. */
  forgetBeyondSize(number: InodeNumber): void {
    const inode = this.tree.inodes.get(number);
    if (inode?.kind !== 'file' || !holdsBeyondSize(inode.content)) return;
    const own = this.own(number);
    if (own?.kind === 'file') zeroContent(own.content, own.content.size, Number.POSITIVE_INFINITY);
  }

  private applyToFile(content: Content, effect: Effect): void {
    if (effect.kind === 'data') this.store(content, effect.offset, effect.bytes);
    else if (effect.kind === 'zero') zeroContent(content, effect.offset, effect.offset + effect.length);
    else if (effect.kind === 'size') {
      // What a truncation cut off is gone, also where the growth before it was lost.
      if (effect.to < effect.from) zeroContent(content, effect.to, Number.POSITIVE_INFINITY);
      content.size = effect.to;
    }
  }

  private own(number: InodeNumber): Inode | undefined {
    const inode = this.tree.inodes.get(number);
    if (inode === undefined || this.ownInodes.has(number)) return inode;
    const copy = cloneInode(inode);
    this.tree.inodes.set(number, copy);
    this.ownInodes.add(number);
    return copy;
  }

  /** As storeBytes, but changes pages of this build in place: units of one page do not each copy it. */
  private store(content: Content, offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = offset + done;
      const index = Math.floor(at / pageBytes);
      const from = at - index * pageBytes;
      const count = Math.min(pageBytes - from, bytes.length - done);
      let page = content.pages.get(index);
      if (page === undefined || !this.ownPages.has(page)) {
        page = page === undefined ? new Uint8Array(pageBytes) : new Uint8Array(page);
        this.ownPages.add(page);
        content.pages.set(index, page);
      }
      page.set(bytes.subarray(done, done + count), from);
      done += count;
    }
  }
}

const zeros = new Uint8Array(pageBytes);

function holdsBeyondSize({ pages, size }: Content): boolean {
  for (const [index, page] of pages) {
    const visible = size - index * pageBytes;
    if (visible <= 0) return true;
    if (visible < pageBytes && Buffer.compare(page.subarray(visible), zeros.subarray(visible)) !== 0)
      return true;
  }
  return false;
}

function applyMeta(inode: Inode, operation: Extract<Effect, { kind: 'meta' }>['operation']): void {
  if (operation.kind === 'set-xattr') {
    if (operation.value === null) inode.xattrs.delete(operation.name);
    else inode.xattrs.set(operation.name, operation.value);
    return;
  }
  if (operation.mode !== undefined) inode.mode = operation.mode;
  if (operation.uid !== undefined) inode.uid = operation.uid;
  if (operation.gid !== undefined) inode.gid = operation.gid;
}

/** Seeded by the effect, so that the same state always shows the same garbage. */
function garbage(effectId: number, length: number): Uint8Array {
  return createRandom(effectId, 'garbage').bytes(length);
}
