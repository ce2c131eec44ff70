import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { readContent } from '../../model/content.ts';
import { countLinks, type Tree, walkVolume } from '../../model/tree.ts';

/** One thing in a directory tree, as two file systems must agree on. */
export interface DumpedNode {
  readonly path: string;
  readonly type: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly size: number;
  readonly content: string;
}

const hashedBytesMax = 1 << 20;
const typeOf = {
  fifo: 1,
  'character-device': 2,
  directory: 4,
  'block-device': 6,
  file: 8,
  symlink: 10,
  socket: 12,
};

/** All that is below a directory, itself included. Of large files the first mebibyte is compared. */
export function dumpDirectory(root: string, path = '/'): DumpedNode[] {
  const full = join(root, path);
  const stat = fs.lstatSync(full);
  const node = (size: number, content: string): DumpedNode => ({
    path,
    type: stat.mode >> 12,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    links: stat.nlink,
    size,
    content,
  });
  if (stat.isSymbolicLink()) return [node(stat.size, fs.readlinkSync(full))];
  if (stat.isFile()) return [node(stat.size, hash(readStart(full, stat.size)))];
  if (!stat.isDirectory()) return [node(0, '')];
  const names = fs.readdirSync(full).sort((a, b) => (a < b ? -1 : 1));
  return [node(0, ''), ...names.flatMap((name) => dumpDirectory(root, join(path, name)))];
}

/** The same of a volume in a tree. */
export function dumpTree(tree: Tree, volume: string): DumpedNode[] {
  const links = countLinks(tree);
  return [...walkVolume(tree, volume)].map(({ path, inode }) => {
    const subdirectories =
      inode.kind === 'directory'
        ? [...inode.entries.values()].filter((child) => tree.inodes.get(child)?.kind === 'directory').length
        : 0;
    const size =
      inode.kind === 'file' ? inode.content.size : inode.kind === 'symlink' ? inode.target.length : 0;
    const content = inode.kind === 'file' ? hash(readContent(inode.content, 0, hashedBytesMax)) : '';
    return {
      path,
      type: typeOf[inode.kind],
      mode: inode.mode,
      uid: inode.uid,
      gid: inode.gid,
      links: inode.kind === 'directory' ? 2 + subdirectories : (links.get(inode.number) ?? 0),
      size,
      content: inode.kind === 'symlink' ? inode.target : content,
    };
  });
}

function readStart(path: string, size: number): Buffer {
  const descriptor = fs.openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(size, hashedBytesMax));
    return buffer.subarray(0, fs.readSync(descriptor, buffer, 0, buffer.length, 0));
  } finally {
    fs.closeSync(descriptor);
  }
}

export function hash(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}
