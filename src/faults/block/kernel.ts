import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { FileSystem } from './file-systems.ts';

/** What of the running kernel decides whether it can take a file system's disks. */
export interface Kernel {
  /** `6.1.0-56-amd64` */
  readonly release: string;
  /** It has this type, or a module that it loads by itself. */
  readonly has: (type: FileSystem['type']) => boolean;
}

const running: Kernel = {
  release: release(),
  has: (type) => isKnown(type) || spawnSync('modprobe', ['--dry-run', '--quiet', type]).status === 0,
};

/** Why the kernel does not take disks with this file system, if it does not. */
export function whyNotInKernel(type: FileSystem['type'], kernel = running): string | undefined {
  if (!kernel.has(type)) return `This kernel (${kernel.release}) has no ${type}.`;
  // Crash images are copies of one disk: of file systems with one UUID earlier ones mount a single one.
  if (type === 'btrfs' && isBefore(kernel.release, [6, 7]))
    return `This kernel (${kernel.release}) mounts no two btrfs with one UUID, which crash images have: Linux 6.7 is the first that does.`;
  return undefined;
}

function isKnown(type: string): boolean {
  const lines = readFileSync('/proc/filesystems', 'utf8').split('\n');
  return lines.some((line) => line.split('\t').at(-1) === type);
}

function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first < major || (first === major && second < minor);
}
