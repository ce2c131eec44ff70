import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Content } from '../model/content.ts';
import { emptyTree } from '../model/tree.ts';
import { fileSystemNamed, fileSystemNames } from './file-systems.ts';
import { diskName, diskTree, formattedDisk, isUnformatted, readSparse } from './format.ts';
import { probeBlock } from './probe.ts';

const { available } = await probeBlock();
const directory = mkdtempSync(join(tmpdir(), 'powercut-format-'));
afterAll(() => rmSync(directory, { recursive: true }));

function bytesOf({ size, pages }: Content): string {
  return JSON.stringify([
    size,
    ...[...pages].map(([index, page]) => [index, Buffer.from(page).toString('base64')]),
  ]);
}

describe.skipIf(!available)('a formatted disk', () => {
  it('of ext4 is the same bytes each time, whatever the time is', async () => {
    const ext4 = fileSystemNamed('ext4-ordered');
    // A name of its own, so that it is not remembered.
    const [one, other] = [
      { ...ext4, name: 'one' },
      { ...ext4, name: 'other' },
    ];
    const [first, second] = [await formattedDisk(one, directory), await formattedDisk(other, directory)];
    expect(bytesOf(first) === bytesOf(second)).toBe(true);
    expect(first).toMatchObject({ size: ext4.sizeBytes });
  });

  it('is made once, also for those that ask at the same time, and leaves no file', async () => {
    const disks = ['ext4-ordered', 'btrfs', 'btrfs'].map((name) =>
      formattedDisk(fileSystemNamed(name), directory),
    );
    const [, btrfs, again] = await Promise.all(disks);
    expect(again).toBe(btrfs);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says what the program said where it could not be made', async () => {
    const tooSmall = { ...fileSystemNamed('xfs'), name: 'small', sizeBytes: 1024 * 1024 };
    await expect(formattedDisk(tooSmall, directory)).rejects.toThrow(
      /^mkfs.xfs could not format a disk for small: .+/,
    );
    const none = { ...tooSmall, name: 'none', format: ['mkfs.none'] as const };
    await expect(formattedDisk(none, directory)).rejects.toThrow(/mkfs.none.*not found/);
  });
});

describe('disks as volumes', () => {
  it('are one file each, with pages that they share', () => {
    const content: Content = { size: 8192, pages: new Map([[1, new Uint8Array(4096).fill(1)]]) };
    const tree = diskTree(['a', 'b'], content);
    expect(isUnformatted(tree)).toBe(false);
    expect(isUnformatted(emptyTree(['a', 'b']))).toBe(true);
    const disks = [...tree.roots.values()].map((root) => {
      const inode = tree.inodes.get(root);
      const number = inode?.kind === 'directory' ? inode.entries.get(diskName) : undefined;
      return tree.inodes.get(number ?? -1);
    });
    expect(disks).toMatchObject([{ content: { size: 8192 } }, { content: { size: 8192 } }]);
    expect(new Set(disks).size).toBe(2);
  });

  it('are read without their zeros, to the last byte', () => {
    const file = join(directory, 'sparse');
    writeFileSync(file, Buffer.alloc(4096));
    writeFileSync(file, 'here', { flag: 'a' });
    truncateSync(file, 5_000_001);
    writeFileSync(file, 'end', { flag: 'a' });
    const content = readSparse(file);
    expect(content.size).toBe(5_000_004);
    expect([...content.pages.keys()]).toEqual([1, Math.floor(5_000_001 / 4096)]);
    rmSync(file);
  });
});

it('file systems are known by name', () => {
  expect(new Set(fileSystemNames).size).toBe(fileSystemNames.length);
  expect(() => fileSystemNamed('posix')).toThrow(/no file system "posix"; known are ext4-ordered,/);
});
