import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MountFailure } from '../layer.ts';
import { type FileSystem, fileSystemNamed, fileSystems } from './file-systems.ts';
import { mountDisk, unmountEach } from './mount.ts';
import { probeBlock } from './probe.ts';
import { checkRoom } from './room.ts';
import { mount, unmount } from './system-calls.ts';

const { available } = await probeBlock();
const directory = mkdtempSync(join(tmpdir(), 'powercut-mount-'));
const point = join(directory, 'point');
mkdirSync(point);
afterAll(() => rmSync(directory, { recursive: true }));

function garbage(sizeBytes: number): string {
  const file = join(directory, 'garbage');
  writeFileSync(file, 'no superblock '.repeat(100));
  truncateSync(file, sizeBytes);
  return file;
}

function failureOf(file: string, fileSystem: FileSystem): unknown {
  try {
    mountDisk(file, point, fileSystem);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.skipIf(!available)('what cannot be mounted', () => {
  it.each(fileSystems)('is told: garbage in place of $name', (fileSystem) => {
    const failure = failureOf(garbage(fileSystem.sizeBytes), fileSystem);
    expect(failure).toBeInstanceOf(MountFailure);
    expect(String(failure)).toMatch(`the kernel does not mount the disk as ${fileSystem.name}: mount: E`);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(directory);
  });

  it('is told: a file system that this kernel does not have', () => {
    const strange = { ...fileSystemNamed('xfs'), name: 'strange', type: 'strange' as 'xfs' };
    const failure = failureOf(garbage(strange.sizeBytes), strange);
    expect(failure).not.toBeInstanceOf(MountFailure);
    expect(String(failure)).toMatch(/loop\d+ cannot be mounted on .* as strange: mount: ENODEV/);
  });

  it('is no failure of the mount where there is no disk at all', () => {
    const failure = failureOf(join(directory, 'none'), fileSystemNamed('ext4-ordered'));
    expect(failure).not.toBeInstanceOf(MountFailure);
    expect(String(failure)).toContain('ENOENT');
  });
});

describe.skipIf(!available)('mounts', () => {
  it('are gone, all of them, though somebody else unmounted the first', () => {
    const mounted = new Set(['a', 'b'].map((name) => join(directory, name)));
    for (const on of mounted) {
      mkdirSync(on);
      mount('powercut', on, 'tmpfs', 0, '');
    }
    unmount(join(directory, 'a'), 0);
    unmountEach(mounted);
    expect([...mounted]).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(directory);
  });

  it('are tried each, and the first error is told with its place', () => {
    const mounted = new Set(['none', 'c'].map((name) => join(directory, name)));
    const there = join(directory, 'c');
    mkdirSync(there);
    mount('powercut', there, 'tmpfs', 0, '');
    expect(() => unmountEach(mounted)).toThrow(/cannot unmount .*none: umount: ENOENT/);
    expect([...mounted]).toEqual([join(directory, 'none')]);
  });
});

describe.skipIf(!available)('the room for disks', () => {
  it('is looked at, so that a full memory is not taken for a broken disk', () => {
    const full = join(directory, 'full');
    mkdirSync(full);
    mount('powercut', full, 'tmpfs', 0, 'size=1m');
    try {
      expect(() => checkRoom(full)).toThrow(/full, which holds .* has 1 MiB left/);
    } finally {
      unmount(full, 0);
    }
    checkRoom(directory);
  });
});
