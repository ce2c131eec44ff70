import type { Effect } from '../effects.ts';
import type { Barrier, OrderBuilder, OrderRules } from '../order.ts';
import type { InodeNumber } from '../tree.ts';
import { posixPermits } from './posix.ts';
import { type RenameAtoms, renameAtoms } from './rename.ts';
import type { Profile } from './type.ts';

const source =
  'btrfs documentation, "Transactions" and "Tree log"; Linux kernel fs/btrfs/tree-log.c (comments)';

/**
 * A full commit persists a prefix of the metadata; data is copied on write, and its extents enter the metadata when
 * they are on disk. A size may be ahead of them (btrfs_inode_safe_disk_i_size_write). Between commits the tree log persists single inodes with their names, and nothing else.
 */
function treeLogRules(): OrderRules {
  const tail = new Map<string, number>();
  /** Inode to the atoms that gave it a name: creation, link, rename. */
  const namings = new Map<InodeNumber, number[]>();
  /** Of renames to another directory: the new name to the removal of the old one. */
  const removals = new Map<number, number>();
  return {
    copyOnWrite: true,
    barrierSkipsOrder: true,
    arrange(builder, effects, operation) {
      const [first] = effects;
      if (first === undefined) return;
      const { volume } = first;
      const last = tail.get(volume);
      const follows = last === undefined ? [] : [last];
      if (operation.kind === 'write') {
        builder.data(
          effects.filter((effect) => effect.kind === 'data'),
          follows,
        );
        const size = effects.find((effect) => effect.kind === 'size');
        // Without hole items (the default of mkfs) any extent that is written takes the whole size along.
        if (size !== undefined) builder.atom([size], follows);
        return;
      }
      const { name, removal } =
        operation.kind === 'rename'
          ? renameAtoms(builder, effects, operation, follows)
          : inOne(builder.atom(effects, follows));
      tail.set(volume, removal);
      if (removal !== name) removals.set(name, removal);
      for (const inode of named(effects)) namings.set(inode, [...(namings.get(inode) ?? []), name]);
    },
    alsoCovers: (builder, barrier) => {
      const names = namesWithParents(builder, namings, barrier);
      // With a file's new name, the removal of the old one.
      return [...names, ...names.flatMap((name) => removals.get(name) ?? [])];
    },
  };
}

function inOne(atom: number): RenameAtoms {
  return { name: atom, removal: atom };
}

function named(effects: readonly Effect[]): InodeNumber[] {
  return effects.flatMap((effect) => (effect.kind === 'link' ? [effect.inode] : []));
}

/** The inode's names, and the names of directories above that are new themselves (the log adds new ancestors). */
function namesWithParents(
  builder: OrderBuilder,
  namings: ReadonlyMap<InodeNumber, readonly number[]>,
  barrier: Barrier,
): number[] {
  const found = new Set<number>();
  const waiting: InodeNumber[] = [barrier.operation.inode];
  for (let inode = waiting.pop(); inode !== undefined; inode = waiting.pop()) {
    for (const atom of namings.get(inode) ?? []) {
      if (found.has(atom) || !builder.isPending(atom)) continue;
      found.add(atom);
      for (const effect of builder.effectsOf(atom)) {
        if (effect.kind === 'link') waiting.push(effect.parent);
      }
    }
  }
  return [...found];
}

export const btrfs: Profile = {
  name: 'btrfs',
  summary: 'btrfs as distributions mount it: copy on write, a tree log for fsync',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: {
    ...posixPermits,
    lost: {
      rule: 'btrfs: nothing since the last commit',
      text: 'Since the last full commit only what fsync put into the tree log is there.',
      source,
    },
    'size-ahead': {
      rule: 'btrfs: the size does not wait for all data',
      text: 'Without hole items, the first extent that is written takes the whole size of the file along: zeros show where other data is missing.',
      source: 'Linux kernel, fs/btrfs/file-item.c: btrfs_inode_safe_disk_i_size_write (comment)',
    },
    name: {
      rule: 'btrfs: a name is metadata',
      text: 'No full commit came after the name, and no fsync of its inode or directory put it into the tree log.',
      source,
    },
    'split-rename': {
      rule: 'btrfs: a directory is logged alone',
      text: 'After a rename to another directory and an fsync of that one, the tree log has the new name and not that the old one is gone: both are there.',
      source: 'Linux 6.18, litmus program rename-across-directories on the block layer',
    },
    reordered: {
      rule: 'btrfs: the tree log holds single inodes',
      text: 'fsync persists one inode with its names; older changes of other inodes may be missing.',
      source,
    },
  },
  rules: treeLogRules,
};
