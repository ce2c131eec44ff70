import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Content, pageBytes } from '../../src/faults/model/content.ts';
import { type InodeNumber, type Tree, walkVolume } from '../../src/faults/model/tree.ts';

/**
 * Makes real directories look like an image: what they held before is removed. Pages of zeros become holes. Device
 * nodes, fifos, sockets and extended attributes are left out: no subject keeps promises in them, and a memory file
 * system may not take them.
 */
export function layOut(image: Tree, directories: ReadonlyMap<string, string>): void {
  const linked = new Map<InodeNumber, string>();
  const isRoot = process.getuid?.() === 0;
  for (const [volume, directory] of directories) {
    empty(directory);
    for (const { path, inode } of walkVolume(image, volume)) {
      const target = join(directory, path);
      const other = linked.get(inode.number);
      if (path === '/') chmodSync(target, inode.mode);
      else if (other !== undefined && inode.kind !== 'directory') linkSync(other, target);
      else if (inode.kind === 'directory') mkdirSync(target, { mode: inode.mode });
      else if (inode.kind === 'symlink') symlinkSync(inode.target, target);
      else if (inode.kind === 'file') writeFile(target, inode.content, inode.mode);
      else continue;
      // What the umask took away.
      if ((inode.mode & 0o022) !== 0 && inode.kind !== 'symlink') chmodSync(target, inode.mode);
      if (isRoot && (inode.uid !== 0 || inode.gid !== 0)) lchownSync(target, inode.uid, inode.gid);
      linked.set(inode.number, target);
    }
  }
}

function empty(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) unlinkSync(path);
    else {
      empty(path);
      rmdirSync(path);
    }
  }
}

function writeFile(path: string, content: Content, mode: number): void {
  const descriptor = openSync(path, 'wx', mode);
  try {
    for (const [index, page] of content.pages) {
      const offset = index * pageBytes;
      const length = Math.min(pageBytes, content.size - offset);
      if (length > 0) writeSync(descriptor, page, 0, length, offset);
    }
    ftruncateSync(descriptor, content.size);
  } finally {
    closeSync(descriptor);
  }
}
