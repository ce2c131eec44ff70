import { closeSync, constants, openSync, statfsSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { LogPlace } from '../place.ts';
import { StorageError } from '../storage.ts';
import { alignmentBytes, allocateAligned } from './aligned-memory.ts';
import type { BackendName } from './backend-name.ts';
import { DirectFile } from './direct-file.ts';
import { FileStorage, splitPath } from './file-storage.ts';

/** What O_DIRECT takes in a directory: multiples of `unitBytes`, or nothing. */
interface DirectSupport {
  readonly unitBytes: number | undefined;
  /** In one line. */
  readonly why: string;
}

/**
 * A directory of this machine as the place of a log, with a backend. `auto` takes `direct` where the file system does, else
 * `buffered`. Rejects with `unsupported` where the one that is asked for by name cannot work, with the reason.
 */
export async function openBackend(path: string, wanted: BackendName): Promise<LogPlace> {
  const { root, directory } = splitPath(path);
  if (wanted === 'buffered')
    return { storage: fileStorage(root, 'buffered', 'as the option backend says'), directory };
  const support = probeDirect(resolve(path));
  const { unitBytes, why } = support;
  if (wanted === 'uring') {
    const { openUringStorage } = await import('./uring/uring-storage.ts');
    const asked = `as the option backend says; ${why}${threadPoolWarning()}`;
    return { storage: await openUringStorage(root, unitBytes, asked), directory };
  }
  if (unitBytes !== undefined) return { storage: fileStorage(root, 'direct', why, unitBytes), directory };
  if (wanted === 'direct')
    throw new StorageError('unsupported', `the backend direct cannot be used: ${why}. Use buffered`);
  return { storage: fileStorage(root, 'buffered', why), directory };
}

function fileStorage(
  root: string,
  name: 'buffered' | 'direct',
  why: string,
  unitBytes?: number,
): FileStorage {
  const backend = { name, why: why + threadPoolWarning() };
  if (unitBytes === undefined) return new FileStorage(root, { backend });
  return new FileStorage(root, { backend, openFile: (opened) => new DirectFile(opened, unitBytes) });
}

/** With it, libuv makes eight times slower what runs in its thread pool (`sync` of whole files). */
function threadPoolWarning(): string {
  const isOn = (process.env.UV_USE_IO_URING ?? '0') !== '0';
  return isOn
    ? ' (warning: UV_USE_IO_URING is set, which makes barriers in the thread pool slow: unset it)'
    : '';
}

/** Tries it on a file without a name, so that nothing is left behind, in the directory or in the first parent that is there. */
function probeDirect(directory: string): DirectSupport {
  const existing = firstExisting(directory);
  const fileSystem = existing === undefined ? 'this file system' : nameOfFileSystem(existing);
  const no = (why: string) => ({ unitBytes: undefined, why });
  if (process.platform !== 'linux') return no(`${process.platform} has no O_DIRECT`);
  if (existing === undefined) return no('no part of the path is there to be tried');
  if (inMemory.has(fileSystem)) return no(`${fileSystem} is in memory: there is no disk to reach`);
  let descriptor: number;
  try {
    descriptor = openSync(existing, constants.O_RDWR | constants.O_DIRECT | unnamedFile, 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return no(`${fileSystem} refuses a nameless file with O_DIRECT to try it on (${code})`);
  }
  try {
    const unitBytes = unitsToTry.find((unit) => takes(descriptor, unit));
    if (unitBytes === undefined) return no(`${fileSystem} refuses direct writes of ${alignmentBytes} bytes`);
    return { unitBytes, why: `${fileSystem} takes O_DIRECT with ${unitBytes}-byte blocks` };
  } finally {
    closeSync(descriptor);
  }
}

/** open(2): O_TMPFILE, which Node has no name for. */
const unnamedFile = 0o20000000 | constants.O_DIRECTORY;
const unitsToTry = [512, alignmentBytes];

function takes(descriptor: number, unitBytes: number): boolean {
  try {
    return writeSync(descriptor, allocateAligned(unitBytes), 0, unitBytes, unitBytes) === unitBytes;
  } catch {
    return false;
  }
}

function firstExisting(directory: string): string | undefined {
  for (let path = directory; ; path = dirname(path)) {
    try {
      statfsSync(path);
      return path;
    } catch {
      if (dirname(path) === path) return undefined;
    }
  }
}

const inMemory: ReadonlySet<string> = new Set(['tmpfs', 'ramfs']);

/** statfs(2): the magic numbers of file systems that logs are kept on. */
const fileSystems: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  4076150800: 'f2fs',
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  2035054128: 'overlayfs',
  26985: 'nfs',
  1702057286: 'fuse',
};

function nameOfFileSystem(path: string): string {
  const { type } = statfsSync(path);
  return fileSystems[type] ?? `file system 0x${type.toString(16)}`;
}
