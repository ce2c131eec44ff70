import { closeSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { type Content, emptyContent, pageBytes, storeBytes } from '../model/content.ts';
import { createInode, emptyTree, type Tree } from '../model/tree.ts';
import type { FileSystem } from './file-systems.ts';

/** The only file of a volume that is a disk. */
export const diskName = 'disk';

const formatted = new Map<string, Promise<Content>>();

/** A formatted disk, made once in this process. The content is not to be changed. */
export function formattedDisk(fileSystem: FileSystem, directory: string): Promise<Content> {
  const known = formatted.get(fileSystem.name) ?? formatDisk(fileSystem, directory);
  formatted.set(fileSystem.name, known);
  return known;
}

/** Formats a disk, in a file of `directory` that is gone afterwards. */
async function formatDisk(fileSystem: FileSystem, directory: string): Promise<Content> {
  const fileName = `format-${fileSystem.name}`;
  const file = join(directory, fileName);
  const [program, ...parameters] = fileSystem.format;
  try {
    writeFileSync(file, '');
    truncateSync(file, fileSystem.sizeBytes);
    const shell = $({ cwd: directory, env: { ...process.env, ...clock }, quiet: true, nothrow: true });
    const done = await shell`${withoutDevices} ${program} ${parameters} ${fileName}`;
    if (!done.ok)
      throw new Error(`${program} could not format a disk for ${fileSystem.name}: ${done.stderr.trim()}`);
    return readSparse(file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** What a formatting program takes for the time stands still. */
const clock = { SOURCE_DATE_EPOCH: '0', E2FSPROGS_FAKE_TIME: '1' };

/** mkfs.btrfs refuses a UUID that it finds on another device, such as another lane's: it is to find none. */
const withoutDevices = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs powercut /dev && exec "$@"',
  'sh',
] as const;

/** The content of a file, without its pages of zeros: a disk is nearly all zeros. */
export function readSparse(file: string): Content {
  const content = emptyContent();
  const chunk = Buffer.alloc(1024 * 1024);
  const descriptor = openSync(file, 'r');
  try {
    for (;;) {
      const count = readSync(descriptor, chunk, 0, chunk.length, content.size);
      if (count === 0) return content;
      for (let from = 0; from < count; from += pageBytes) {
        const page = chunk.subarray(from, Math.min(from + pageBytes, count));
        if (!page.equals(zeros.subarray(0, page.length)))
          storeBytes(content, content.size + from, new Uint8Array(page));
      }
      content.size += count;
    }
  } finally {
    closeSync(descriptor);
  }
}

const zeros = Buffer.alloc(pageBytes);

/** Volumes that are disks with this content, all of it durable. */
export function diskTree(volumes: readonly string[], content: Content): Tree {
  const tree = emptyTree(volumes);
  let number = volumes.length;
  for (const root of tree.roots.values()) {
    const disk = createInode({ number: ++number, kind: 'file', mode: 0o600, uid: 0, gid: 0 });
    const directory = tree.inodes.get(root);
    if (disk.kind !== 'file' || directory?.kind !== 'directory')
      throw new Error('a disk is a file in a root');
    disk.content = { size: content.size, pages: new Map(content.pages) };
    tree.inodes.set(number, disk);
    directory.entries.set(diskName, number);
  }
  return tree;
}

/** Nothing was ever in it: the disks are to be formatted first. */
export function isUnformatted({ inodes, roots }: Tree): boolean {
  return inodes.size === roots.size;
}
