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
  writevSync,
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
    let end = 0;
    for (const { offset, parts } of stretches(content)) {
      end = offset + parts.reduce((sum, part) => sum + part.length, 0);
      if (writevSync(descriptor, parts, offset) < end - offset) throw new Error(`no space for ${path}`);
    }
    if (end < content.size) ftruncateSync(descriptor, content.size);
  } finally {
    closeSync(descriptor);
  }
}

interface Stretch {
  readonly offset: number;
  readonly parts: Uint8Array[];
}

/** The pages of a file that lie side by side, up to its end: one write each. */
function stretches({ pages, size }: Content): readonly Stretch[] {
  const found: Stretch[] = [];
  let next = -1;
  for (const index of [...pages.keys()].sort((a, b) => a - b)) {
    const page = pages.get(index);
    const offset = index * pageBytes;
    if (page === undefined || offset >= size) break;
    const part = size - offset < pageBytes ? page.subarray(0, size - offset) : page;
    const last = found.at(-1);
    if (index === next && last !== undefined && last.parts.length < partsMax) last.parts.push(part);
    else found.push({ offset, parts: [part] });
    next = index + 1;
  }
  return found;
}

/** IOV_MAX of Linux. */
const partsMax = 1024;
