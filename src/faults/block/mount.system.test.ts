import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MountFailure } from '../layer.ts';
import { type FileSystem, fileSystemNamed, fileSystems } from './file-systems.ts';
import { mountDisk } from './mount.ts';
import { probeBlock } from './probe.ts';

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
    expect(failureOf(garbage(strange.sizeBytes), strange)).toMatchObject({
      name: 'MountFailure',
      message:
        'the kernel does not mount the disk as strange: mount: ENODEV; it has no strange: load its module',
    });
  });

  it('is no failure of the mount where there is no disk at all', () => {
    const failure = failureOf(join(directory, 'none'), fileSystemNamed('ext4-ordered'));
    expect(failure).not.toBeInstanceOf(MountFailure);
    expect(String(failure)).toContain('ENOENT');
  });
});
