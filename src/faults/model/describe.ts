import { applyOperation } from './apply.ts';
import type { Operation, SyncOperation } from './operation.ts';
import type { Recording } from './recording.ts';
import { cloneTree, type InodeNumber, type Tree } from './tree.ts';

/**
 * Each operation of a recording in the user's words, with the paths that its inodes had then: `write wal/1.seg 4096+512`
 * is 512 bytes from offset 4096. Trace entry to text; entries that are no operations are absent.
 */
export function describeTrace(recording: Recording): ReadonlyMap<number, string> {
  const tree = cloneTree(recording.base);
  const names = new Names(tree);
  const texts = new Map<number, string>();
  recording.trace.forEach((step, entry) => {
    if (step.kind !== 'operation') return;
    texts.set(entry, describe(step.operation, names));
    applyOperation(tree, step.operation);
    names.learn(step.operation);
  });
  return texts;
}

function describe(operation: Operation, names: Names): string {
  const at = (parent: InodeNumber, name: string) => names.below(parent, name);
  switch (operation.kind) {
    case 'create': {
      const verb =
        { directory: 'mkdir', symlink: 'symlink', file: 'create' }[operation.inodeKind as string] ?? 'mknod';
      return operation.link === undefined
        ? 'create a file without a name'
        : `${verb} ${at(operation.link.parent, operation.link.name)}`;
    }
    case 'link':
      return `link ${names.of(operation.inode)} to ${at(operation.parent, operation.name)}`;
    case 'unlink':
      return `unlink ${at(operation.parent, operation.name)}`;
    case 'rename': {
      const from = at(operation.fromParent, operation.fromName);
      const to = at(operation.toParent, operation.toName);
      return operation.exchange ? `exchange ${from} and ${to}` : `rename ${from} to ${to}`;
    }
    case 'write':
      return `write ${names.of(operation.inode)} ${operation.offset}+${operation.data.length}${operation.lost === true ? ' (the disk dropped it)' : ''}`;
    case 'truncate':
      return `truncate ${names.of(operation.inode)} to ${operation.size}`;
    case 'allocate': {
      const verb = { reserve: 'allocate', zero: 'zero', punch: 'punch' }[operation.mode];
      return `${verb} ${names.of(operation.inode)} ${operation.offset}+${operation.length}`;
    }
    case 'set-meta':
      return `${operation.mode === undefined ? 'chown' : 'chmod'} ${names.of(operation.inode)}`;
    case 'set-xattr':
      return `${operation.value === null ? 'removexattr' : 'setxattr'} ${names.of(operation.inode)} ${operation.name}`;
    case 'sync': {
      const verb = operation.cause === 'fsyncdir' ? 'fsync directory' : operation.cause;
      return `${verb} ${names.of(operation.inode)}${fateOf(operation)}`;
    }
    case 'close':
      return `close ${names.of(operation.inode)}`;
    case 'medium':
      return `the medium changes under ${names.of(operation.inode)} ${operation.offset}+${operation.data.length}`;
  }
}

function fateOf({ failed, lost, leftOut }: SyncOperation): string {
  if (failed === true) return ' (answered EIO)';
  if (leftOut === true) return ' (left out)';
  return lost === true ? ' (the disk lied)' : '';
}

/** The newest name of each inode; one that has none any more keeps its last. */
export class Names {
  private readonly tree: Tree;
  private readonly namedBy = new Map<InodeNumber, { readonly parent: InodeNumber; readonly name: string }>();

  constructor(tree: Tree) {
    this.tree = tree;
    for (const inode of tree.inodes.values()) {
      if (inode.kind !== 'directory') continue;
      for (const [name, child] of inode.entries) this.namedBy.set(child, { parent: inode.number, name });
    }
  }

  learn(operation: Operation): void {
    if (operation.kind === 'create' && operation.link !== undefined)
      this.namedBy.set(operation.inode, operation.link);
    else if (operation.kind === 'link') this.namedBy.set(operation.inode, operation);
    else if (operation.kind === 'rename') {
      this.namedBy.set(operation.inode, { parent: operation.toParent, name: operation.toName });
      if (operation.exchange && operation.replaced !== undefined) {
        this.namedBy.set(operation.replaced, { parent: operation.fromParent, name: operation.fromName });
      }
    }
  }

  of(inode: InodeNumber): string {
    const parts: string[] = [];
    // A name may lead to its own directory after a crash: a bound on the way up.
    for (let at = inode; parts.length < 256; ) {
      const volume = this.volumeOf(at);
      if (volume !== undefined)
        return [...(this.tree.roots.size > 1 ? [volume] : []), ...parts].join('/') || '/';
      const known = this.namedBy.get(at);
      if (known === undefined) break;
      parts.unshift(known.name);
      at = known.parent;
    }
    return parts.length > 0 ? `.../${parts.join('/')}` : `inode ${inode}`;
  }

  below(parent: InodeNumber, name: string): string {
    const directory = this.of(parent);
    return directory === '/' ? name : `${directory}/${name}`;
  }

  private volumeOf(inode: InodeNumber): string | undefined {
    for (const [volume, root] of this.tree.roots) if (root === inode) return volume;
    return undefined;
  }
}
