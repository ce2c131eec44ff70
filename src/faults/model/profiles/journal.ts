import type { Effect } from '../effects.ts';
import type { Operation } from '../operation.ts';
import type { Barrier, OrderBuilder, OrderRules } from '../order.ts';
import type { InodeNumber } from '../tree.ts';

/**
 * Metadata goes through one journal, in program order, in transactions that commit in order; data goes to its place
 * outside of it. What ext4 (data=ordered) and xfs have in common.
 */
export interface JournalSettings {
  /**
   * ext4's auto_da_alloc: rename over an existing name, and close after truncation to zero, force the file's new data
   * out first (kernel: Documentation/admin-guide/ext4.rst).
   */
  readonly autoDaAlloc: boolean;
  /**
   * A size grows on disk when the data of the write that grew it is there (xfs: xfs_setfilesize, at the end of the I/O).
   * ext4 does not wait: an append inside an allocated block sets the size at once (ext4_da_do_write_end), and blocks that
   * are allocated unwritten are not in the transaction's ordered list (ext4_map_blocks, mount option dioread_nolock).
   */
  readonly sizeAfterData: boolean;
}

export function journalRules(settings: JournalSettings): OrderRules {
  const journal = new Journal();
  const truncatedToZero = new Set<InodeNumber>();
  return {
    growthStandsAlone: settings.sizeAfterData,
    arrange(builder, effects, operation) {
      if (operation.kind === 'write') {
        arrangeWrite(builder, journal, effects, settings);
        return;
      }
      const first = effects[0];
      if (first === undefined) return;
      const replaces = operation.kind === 'rename' && operation.replaced !== undefined && !operation.exchange;
      const forced = settings.autoDaAlloc && replaces ? journal.allocationsOf(builder, operation.inode) : [];
      const atom = builder.atom(effects, [...journal.tail(first.volume), ...forced]);
      journal.append(first.volume, atom, inodesOf(operation), operation.kind);
      if (operation.kind === 'truncate' && operation.size === 0) truncatedToZero.add(operation.inode);
    },
    alsoCovers: (_builder, barrier) => journal.committedBy(barrier),
    onClose(builder, inode, volume) {
      if (!settings.autoDaAlloc || !truncatedToZero.delete(inode)) return;
      journal.nextFollows(volume, journal.allocationsOf(builder, inode));
    },
  };
}

/** Data is free; the size that a write grew comes after all metadata issued before. */
function arrangeWrite(
  builder: OrderBuilder,
  journal: Journal,
  effects: readonly Effect[],
  settings: JournalSettings,
): void {
  const data = builder.data(effects.filter((effect) => effect.kind === 'data'));
  const size = effects.find((effect) => effect.kind === 'size');
  if (size === undefined) return;
  const own = settings.sizeAfterData
    ? data.filter((atom) => builder.effectsOf(atom).some((effect) => holdsNewBytes(effect)))
    : [];
  builder.atom([size], [...own, ...journal.tail(size.volume)]);
  const inNewBlocks = (effect: Effect) => effect.kind === 'data' && blockOf(effect.offset) >= size.from;
  for (const atom of data) if (builder.effectsOf(atom).every(inNewBlocks)) journal.allocated.add(atom);
  journal.touch(size.volume, size.inode);
}

function holdsNewBytes(effect: Effect): boolean {
  return effect.kind === 'data' && effect.newFrom < effect.bytes.length;
}

/** Where the file system's block begins. */
function blockOf(offset: number): number {
  return offset - (offset % blockBytes);
}

/** The block size that mkfs picks for all but the smallest volumes. */
const blockBytes = 4096;

/** Every inode that the operation's transaction changes. */
export function inodesOf(operation: Operation): InodeNumber[] {
  switch (operation.kind) {
    case 'create':
      return operation.link === undefined ? [operation.inode] : [operation.inode, operation.link.parent];
    case 'link':
    case 'unlink':
      return [operation.parent, operation.inode];
    case 'rename': {
      const { fromParent, toParent, inode, replaced } = operation;
      return [fromParent, toParent, inode, ...(replaced === undefined ? [] : [replaced])];
    }
    default:
      return [operation.inode];
  }
}

class Journal {
  /** Data atoms that lie in blocks which the file did not have before. */
  readonly allocated = new Set<number>();
  private readonly entries = new Map<string, number[]>();
  private readonly forced = new Map<string, number[]>();
  /** Inode to the newest journal entry that must commit when it is fsynced, and when it is fdatasynced. */
  private readonly newest = {
    sync: new Map<InodeNumber, number>(),
    dataSync: new Map<InodeNumber, number>(),
  };

  /** What the next metadata atom of the volume follows. */
  tail(volume: string): number[] {
    const last = this.entries.get(volume)?.at(-1);
    return [...(last === undefined ? [] : [last]), ...(this.forced.get(volume) ?? [])];
  }

  append(volume: string, atom: number, inodes: readonly InodeNumber[], kind: Operation['kind']): void {
    const entries = this.entries.get(volume);
    if (entries === undefined) this.entries.set(volume, [atom]);
    else entries.push(atom);
    this.forced.delete(volume);
    for (const inode of inodes) {
      this.newest.sync.set(inode, atom);
      // fdatasync commits only for what is needed to read the data back (ext4: i_datasync_tid, xfs: ili_datasync_seq).
      if (kind === 'create' || kind === 'truncate' || kind === 'allocate')
        this.newest.dataSync.set(inode, atom);
    }
  }

  /** A write grew the inode: its transaction is no older than all metadata issued so far. */
  touch(volume: string, inode: InodeNumber): void {
    const last = this.entries.get(volume)?.at(-1);
    if (last === undefined) return;
    this.newest.sync.set(inode, last);
    this.newest.dataSync.set(inode, last);
  }

  /** What auto_da_alloc forces: the data that waits for its blocks, and the size. Bytes in blocks of old are not looked at. */
  allocationsOf(builder: OrderBuilder, inode: InodeNumber): number[] {
    const sizes = builder.pending(inode, (effect) => effect.kind === 'size');
    return [...sizes, ...builder.pending(inode).filter((atom) => this.allocated.has(atom))];
  }

  nextFollows(volume: string, atoms: readonly number[]): void {
    this.forced.set(volume, [...(this.forced.get(volume) ?? []), ...atoms]);
  }

  /** All of the volume's journal up to the newest entry that touched the inode. These commit, and leave the list. */
  committedBy(barrier: Barrier): number[] {
    const { inode } = barrier.operation;
    const newest = (barrier.dataOnly ? this.newest.dataSync : this.newest.sync).get(inode);
    const entries = this.entries.get(barrier.volume);
    if (newest === undefined || entries === undefined) return [];
    const open = entries.findIndex((atom) => atom > newest);
    return entries.splice(0, open < 0 ? entries.length : open);
  }
}
