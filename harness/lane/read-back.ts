import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readSparse } from '../../src/faults/block/format.ts';
import { createInode, type DirectoryInode, emptyTree, type Tree } from '../../src/faults/model/tree.ts';

/** Reads real directories as a tree: the opposite of laying out. Hard links become files of their own. */
export function readBack(directories: ReadonlyMap<string, string>): Tree {
  const tree = emptyTree([...directories.keys()]);
  let last = directories.size;
  const readInto = (parent: DirectoryInode, directory: string) => {
    for (const name of readdirSync(directory).sort()) {
      const path = join(directory, name);
      const stats = lstatSync(path);
      const seed = { number: ++last, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
      if (stats.isDirectory()) {
        const inode = createInode({ ...seed, kind: 'directory' });
        tree.inodes.set(inode.number, inode);
        if (inode.kind === 'directory') readInto(inode, path);
      } else if (stats.isSymbolicLink()) {
        tree.inodes.set(last, createInode({ ...seed, kind: 'symlink', target: readlinkSync(path) }));
      } else if (stats.isFile()) {
        const inode = createInode({ ...seed, kind: 'file' });
        if (inode.kind === 'file') inode.content = readSparse(path);
        tree.inodes.set(inode.number, inode);
      } else continue;
      parent.entries.set(name, seed.number);
    }
  };
  for (const [volume, directory] of directories) {
    const root = tree.inodes.get(tree.roots.get(volume) ?? 0);
    if (root?.kind === 'directory') readInto(root, directory);
  }
  return tree;
}
