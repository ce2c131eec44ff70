import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readSparse } from '../../src/faults/block/format.ts';
import { createInode, type DirectoryInode, emptyTree, type Tree } from '../../src/faults/model/tree.ts';

/** The file system refuses to show what it has. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

/**
 * Reads real directories as a tree: the opposite of laying out. Hard links become files of their own. Throws an {@link UnreadableFile} where
 * the disk answers an error.
 */
export function readBack(directories: ReadonlyMap<string, string>): Tree {
  const tree = emptyTree([...directories.keys()]);
  let last = directories.size;
  const readInto = (parent: DirectoryInode, directory: string) => {
    for (const name of read(directory, () => readdirSync(directory)).sort()) {
      const path = join(directory, name);
      const stats = read(path, () => lstatSync(path));
      const seed = { number: ++last, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
      if (stats.isDirectory()) {
        const inode = createInode({ ...seed, kind: 'directory' });
        tree.inodes.set(inode.number, inode);
        if (inode.kind === 'directory') readInto(inode, path);
      } else if (stats.isSymbolicLink()) {
        tree.inodes.set(
          last,
          createInode({ ...seed, kind: 'symlink', target: read(path, () => readlinkSync(path)) }),
        );
      } else if (stats.isFile()) {
        const inode = createInode({ ...seed, kind: 'file' });
        if (inode.kind === 'file') inode.content = read(path, () => readSparse(path));
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

/** What a file system answers of a disk that is damaged. */
const damage = ['EIO', 'EUCLEAN', 'EBADMSG'];

function read<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { message, code = '' } = error as NodeJS.ErrnoException;
    if (!damage.includes(code)) throw error;
    throw new UnreadableFile(`${path} cannot be read: ${message}`, { cause: error });
  }
}
