import { type Content, cloneContent, emptyContent } from './content.ts';

/** Unique over all volumes of a tree, never reused within a recording. */
export type InodeNumber = number;

export type SpecialKind = 'fifo' | 'socket' | 'character-device' | 'block-device';
export type InodeKind = 'file' | 'directory' | 'symlink' | SpecialKind;

export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface InodeMeta {
  /** Permission bits only (0 to 0o7777); the kind is not in it. */
  mode: number;
  uid: number;
  gid: number;
  atime: Timestamp;
  mtime: Timestamp;
  ctime: Timestamp;
}

interface InodeBase extends InodeMeta {
  readonly number: InodeNumber;
  readonly xattrs: Map<string, Uint8Array>;
}

export interface FileInode extends InodeBase {
  readonly kind: 'file';
  content: Content;
}

export interface DirectoryInode extends InodeBase {
  readonly kind: 'directory';
  /** Name to inode, without `.` and `..`. */
  readonly entries: Map<string, InodeNumber>;
}

export interface SymlinkInode extends InodeBase {
  readonly kind: 'symlink';
  readonly target: string;
}

export interface SpecialInode extends InodeBase {
  readonly kind: SpecialKind;
  readonly device: number;
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | SpecialInode;

/**
 * The state of all volumes of a run at one moment. Inodes are held by number, so an unlinked file that is still
 * open stays in `inodes`; an inode that no name reaches from a root is not part of an image.
 */
export interface Tree {
  readonly inodes: Map<InodeNumber, Inode>;
  /** Volume name to its root directory. */
  readonly roots: ReadonlyMap<string, InodeNumber>;
}

export const epoch: Timestamp = { seconds: 0, nanoseconds: 0 };

/** A tree of empty volumes, in the order given: their roots get the inode numbers 1, 2, ... */
export function emptyTree(volumes: readonly string[]): Tree {
  const roots = new Map(volumes.map((volume, index) => [volume, index + 1] as const));
  const inodes = new Map<InodeNumber, Inode>();
  for (const number of roots.values()) {
    inodes.set(number, createInode({ number, kind: 'directory', mode: 0o755, uid: 0, gid: 0 }));
  }
  return { inodes, roots };
}

export interface InodeSeed {
  readonly number: InodeNumber;
  readonly kind: InodeKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly time?: Timestamp;
  /** Symlinks only. */
  readonly target?: string;
  /** Device nodes only. */
  readonly device?: number;
}

export function createInode(seed: InodeSeed): Inode {
  const time = seed.time ?? epoch;
  const { number, mode, uid, gid } = seed;
  const base = { number, mode, uid, gid, atime: time, mtime: time, ctime: time, xattrs: new Map() };
  switch (seed.kind) {
    case 'file':
      return { ...base, kind: 'file', content: emptyContent() };
    case 'directory':
      return { ...base, kind: 'directory', entries: new Map() };
    case 'symlink':
      return { ...base, kind: 'symlink', target: seed.target ?? '' };
    default:
      return { ...base, kind: seed.kind, device: seed.device ?? 0 };
  }
}

export function cloneInode(inode: Inode): Inode {
  const xattrs = new Map(inode.xattrs);
  switch (inode.kind) {
    case 'file':
      return { ...inode, xattrs, content: cloneContent(inode.content) };
    case 'directory':
      return { ...inode, xattrs, entries: new Map(inode.entries) };
    default:
      return { ...inode, xattrs };
  }
}

export function cloneTree(tree: Tree): Tree {
  return {
    inodes: new Map([...tree.inodes].map(([number, inode]) => [number, cloneInode(inode)])),
    roots: tree.roots,
  };
}

export interface TreeEntry {
  /** `/` for the root itself, else `/a/b`. */
  readonly path: string;
  readonly inode: Inode;
}

/** Every name below a volume's root, the root first, parents before children, names in code unit order. */
export function* walkVolume(tree: Tree, volume: string): Generator<TreeEntry> {
  const root = tree.roots.get(volume);
  if (root !== undefined) yield* walkFrom(tree, root, '', new Set());
}

function* walkFrom(
  tree: Tree,
  number: InodeNumber,
  path: string,
  above: ReadonlySet<InodeNumber>,
): Generator<TreeEntry> {
  const inode = tree.inodes.get(number);
  // A crash may leave a directory that holds itself (two renames of which one persisted): cut the loop there.
  if (inode === undefined || above.has(number)) return;
  yield { path: path === '' ? '/' : path, inode };
  if (inode.kind !== 'directory') return;
  const inside = new Set(above).add(number);
  for (const [name, child] of [...inode.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield* walkFrom(tree, child, `${path}/${name}`, inside);
  }
}

/** How many names each inode has, over all directories that are in the tree. */
export function countLinks(tree: Tree): Map<InodeNumber, number> {
  const counts = new Map<InodeNumber, number>();
  for (const inode of tree.inodes.values()) {
    if (inode.kind !== 'directory') continue;
    for (const child of inode.entries.values()) counts.set(child, (counts.get(child) ?? 0) + 1);
  }
  return counts;
}
