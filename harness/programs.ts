import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The system's own programs: trying one, and where to get one that is not there. */

export interface Tried {
  /** The program is there. */
  readonly started: boolean;
  /** It answered 0. */
  readonly ok: boolean;
  /** What it printed; its stderr where it failed. */
  readonly text: string;
}

const execute = promisify(execFile);

/** Runs a program that is quick, or is killed after ten seconds. */
export async function tryProgram(program: string, parameters: readonly string[]): Promise<Tried> {
  try {
    const { stdout } = await execute(program, parameters, { timeout: 10_000, killSignal: 'SIGKILL' });
    return { started: true, ok: true, text: stdout.trim() };
  } catch (error) {
    const { code, stderr, message } = error as Error & { readonly code?: unknown; readonly stderr?: string };
    return { started: code !== 'ENOENT', ok: false, text: stderr?.trim() || message };
  }
}

export type PackageManager = 'apt-get' | 'dnf' | 'apk';

const installCommands: Readonly<Record<PackageManager, string>> = {
  'apt-get': 'apt-get install',
  dnf: 'dnf install',
  apk: 'apk add',
};

/** Packages whose name is not that of the program. */
const packages: Readonly<Record<PackageManager, Readonly<Record<string, string>>>> = {
  'apt-get': {
    mount: 'mount',
    setpriv: 'util-linux',
    taskset: 'util-linux',
    unshare: 'util-linux',
    'mkfs.ext4': 'e2fsprogs',
    'mkfs.xfs': 'xfsprogs',
    'mkfs.btrfs': 'btrfs-progs',
    'qemu-system-x86_64': 'qemu-system-x86',
  },
  dnf: {
    mount: 'util-linux',
    setpriv: 'util-linux',
    taskset: 'util-linux',
    unshare: 'util-linux',
    'mkfs.ext4': 'e2fsprogs',
    'mkfs.xfs': 'xfsprogs',
    'mkfs.btrfs': 'btrfs-progs',
    dmsetup: 'device-mapper',
    sqlite3: 'sqlite',
    'qemu-system-x86_64': 'qemu-system-x86-core',
  },
  apk: {
    taskset: 'util-linux-misc',
    unshare: 'util-linux-misc',
    'mkfs.ext4': 'e2fsprogs',
    'mkfs.xfs': 'xfsprogs',
    'mkfs.btrfs': 'btrfs-progs',
    dmsetup: 'device-mapper',
    sqlite3: 'sqlite',
  },
};

export function packageOf(program: string, manager: PackageManager): string {
  return packages[manager][program] ?? program;
}

/** One line to paste that installs the packages of these programs here. */
export function installText(...programs: readonly string[]): string {
  const manager = (['apt-get', 'dnf', 'apk'] as const).find(isInPath);
  if (manager === undefined) return `install the packages that hold ${programs.join(', ')}`;
  const names = new Set(programs.map((program) => packageOf(program, manager)));
  return `${process.getuid?.() === 0 ? '' : 'sudo '}${installCommands[manager]} ${[...names].join(' ')}`;
}

export function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
