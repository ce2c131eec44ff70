import { applyOperation } from './apply.ts';
import { type Content, pageBytes } from './content.ts';
import { sectorBytes, unitBytesOf } from './device.ts';
import type { CreateOperation, MediumOperation, Operation, WriteOperation } from './operation.ts';
import type { Recording } from './recording.ts';
import { cloneTree, type FileInode, type InodeNumber, type Tree } from './tree.ts';

/**
 * Effects: the smallest things that can reach the disk on their own (docs/fault-model.md, section 1). An effect's id is
 * its place in program order over the whole trace.
 */
interface EffectBase {
  readonly id: number;
  /** The trace entry whose operation caused it. */
  readonly entry: number;
  readonly volume: string;
}

/**
 * One atomic unit of a file. `bytes` is the whole unit as the page cache held it after the operation: a disk writes
 * units, not bytes, so a later effect on a unit carries what earlier ones left there.
 */
export interface DataEffect extends EffectBase {
  readonly kind: 'data';
  readonly inode: InodeNumber;
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Bytes of the unit from here on lay beyond the end of the file before the operation (0: all of them). */
  readonly newFrom: number;
}

/** The file's size. `grownByWrite` tells a size that came with data from one that truncate or fallocate set. */
export interface SizeEffect extends EffectBase {
  readonly kind: 'size';
  readonly inode: InodeNumber;
  readonly from: number;
  readonly to: number;
  readonly grownByWrite: boolean;
}

/** fallocate's zero and punch in a file system: the range reads as zeros. A disk writes zeros as it writes all else, unit by unit. */
export interface ZeroEffect extends EffectBase {
  readonly kind: 'zero';
  readonly inode: InodeNumber;
  readonly offset: number;
  readonly length: number;
}

export interface InodeEffect extends EffectBase {
  readonly kind: 'inode';
  readonly inode: InodeNumber;
  readonly create: CreateOperation;
}

export interface LinkEffect extends EffectBase {
  readonly kind: 'link';
  readonly parent: InodeNumber;
  readonly name: string;
  readonly inode: InodeNumber;
}

export interface UnlinkEffect extends EffectBase {
  readonly kind: 'unlink';
  readonly parent: InodeNumber;
  readonly name: string;
  readonly inode: InodeNumber;
}

/** A change of an inode's mode, owner or one extended attribute. */
export interface MetaEffect extends EffectBase {
  readonly kind: 'meta';
  readonly inode: InodeNumber;
  readonly operation: Extract<Operation, { kind: 'set-meta' | 'set-xattr' }>;
}

export type Effect =
  | DataEffect
  | SizeEffect
  | ZeroEffect
  | InodeEffect
  | LinkEffect
  | UnlinkEffect
  | MetaEffect;

/** A recording taken apart into effects. */
export interface EffectTrace {
  readonly recording: Recording;
  readonly effects: readonly Effect[];
  /** `effectsBefore[k]`: how many effects the first `k` entries have. One longer than the trace. */
  readonly effectsBefore: readonly number[];
}

type WithoutPlace<E> = E extends Effect ? Omit<E, 'id' | 'entry' | 'volume'> : never;
type Piece = WithoutPlace<Effect>;

export function takeApart(recording: Recording): EffectTrace {
  const unitBytes = unitBytesOf(recording.device);
  const live = cloneTree(recording.base);
  const effects: Effect[] = [];
  const effectsBefore: number[] = [];
  recording.trace.forEach((step, entry) => {
    effectsBefore.push(effects.length);
    if (step.kind !== 'operation') return;
    for (const piece of pieces(live, step.operation, unitBytes, recording.disks === true)) {
      effects.push({ ...piece, id: effects.length, entry, volume: step.volume });
    }
  });
  effectsBefore.push(effects.length);
  return { recording, effects, effectsBefore };
}

/** The effects of one operation; leaves `live` as it is after the operation. */
function pieces(live: Tree, operation: Operation, unitBytes: number, onDisk: boolean): Piece[] {
  switch (operation.kind) {
    case 'write': {
      const { content } = fileOf(live, operation.inode);
      const sizeBefore = content.size;
      applyOperation(live, operation);
      return writePieces(content, operation, sizeBefore, unitBytes);
    }
    case 'truncate':
    case 'allocate': {
      const { content } = fileOf(live, operation.inode);
      const from = content.size;
      applyOperation(live, operation);
      const { inode } = operation;
      const result: Piece[] = [];
      if (operation.kind === 'allocate' && operation.mode !== 'reserve') {
        const { offset, length } = operation;
        if (onDisk) result.push(...dataPieces(content, { inode, offset, length }, from, unitBytes));
        else result.push({ kind: 'zero', inode, offset, length });
      }
      if (content.size !== from) {
        result.push({ kind: 'size', inode, from, to: content.size, grownByWrite: false });
      }
      return result;
    }
    case 'medium': {
      const { size } = fileOf(live, operation.inode).content;
      applyOperation(live, operation);
      return mediumPieces(operation, size, unitBytes);
    }
    default:
      applyOperation(live, operation);
      return namePieces(operation);
  }
}

/** Its sectors, one by one, so that a device with larger units shows them as well; and the size. */
function mediumPieces(operation: MediumOperation, sizeBefore: number, unitBytes: number): Piece[] {
  const { inode, offset, data, size } = operation;
  const step = Math.min(unitBytes, sectorBytes);
  const result: Piece[] = [];
  for (let at = 0; at < data.length; at += step) {
    result.push({
      kind: 'data',
      inode,
      offset: offset + at,
      bytes: data.subarray(at, at + step),
      newFrom: step,
    });
  }
  if (size !== undefined)
    result.push({ kind: 'size', inode, from: sizeBefore, to: size, grownByWrite: false });
  return result;
}

function writePieces(
  content: Content,
  operation: WriteOperation,
  sizeBefore: number,
  unitBytes: number,
): Piece[] {
  const { inode, offset, data } = operation;
  const { length } = data;
  const result =
    operation.lost === true ? [] : dataPieces(content, { inode, offset, length }, sizeBefore, unitBytes);
  const end = offset + length;
  if (end > sizeBefore) result.push({ kind: 'size', inode, from: sizeBefore, to: end, grownByWrite: true });
  return result;
}

interface Range {
  readonly inode: InodeNumber;
  readonly offset: number;
  readonly length: number;
}

/** The units that the range touches, as they are in `content` after the operation. */
function dataPieces(
  content: Content,
  { inode, offset, length }: Range,
  sizeBefore: number,
  unitBytes: number,
): Piece[] {
  const result: Piece[] = [];
  for (let at = Math.floor(offset / unitBytes) * unitBytes; at < offset + length; at += unitBytes) {
    const newFrom = Math.min(unitBytes, Math.max(0, sizeBefore - at));
    result.push({ kind: 'data', inode, offset: at, bytes: unitAt(content, at, unitBytes), newFrom });
  }
  return result;
}

function namePieces(operation: Operation): Piece[] {
  switch (operation.kind) {
    case 'create': {
      const { inode, link } = operation;
      const made: Piece = { kind: 'inode', inode, create: operation };
      return link === undefined ? [made] : [made, { kind: 'link', ...link, inode }];
    }
    case 'link': {
      const { parent, name, inode } = operation;
      return [{ kind: 'link', parent, name, inode }];
    }
    case 'unlink': {
      const { parent, name, inode } = operation;
      return [{ kind: 'unlink', parent, name, inode }];
    }
    case 'rename': {
      const { fromParent, fromName, toParent, toName, inode, replaced, exchange } = operation;
      const left: Piece =
        exchange && replaced !== undefined
          ? { kind: 'link', parent: fromParent, name: fromName, inode: replaced }
          : { kind: 'unlink', parent: fromParent, name: fromName, inode };
      return [left, { kind: 'link', parent: toParent, name: toName, inode }];
    }
    case 'set-meta':
    case 'set-xattr':
      return [{ kind: 'meta', inode: operation.inode, operation }];
    default:
      return [];
  }
}

/** The unit's bytes; shares the page's memory where the unit lies in one page (pages are immutable). */
function unitAt(content: Content, offset: number, unitBytes: number): Uint8Array {
  const index = Math.floor(offset / pageBytes);
  if (unitBytes <= pageBytes) {
    const from = offset - index * pageBytes;
    return (content.pages.get(index) ?? zeros).subarray(from, from + unitBytes);
  }
  const unit = new Uint8Array(unitBytes);
  for (let at = 0; at < unitBytes; at += pageBytes) {
    const page = content.pages.get(index + at / pageBytes);
    if (page !== undefined) unit.set(page, at);
  }
  return unit;
}

const zeros = new Uint8Array(pageBytes);

function fileOf(tree: Tree, number: InodeNumber): FileInode {
  const inode = tree.inodes.get(number);
  if (inode?.kind !== 'file') throw new Error(`the recording is damaged: inode ${number} is not a file`);
  return inode;
}
