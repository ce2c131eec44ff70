import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $, type Shell } from 'zx';
import { type ArchiveEntry, cpioArchive } from './cpio.ts';
import { initScript } from './init.ts';
import { modulesInOrder, wantedModules } from './modules.ts';
import { VmUnavailable } from './unavailable.ts';

/** The package that stands for the newest kernel, and the one that holds the programs of the initramfs. */
export const kernelPackage = 'linux-image-amd64';
export const busyboxPackage = 'busybox-static';

/** All that decides what {@link makeKernel} makes, but for the packages themselves. */
export const ingredients: readonly unknown[] = [initScript, wantedModules, kernelPackage, busyboxPackage];

/**
 * Makes `vmlinuz` and `initramfs` of the distribution's packages, in an empty directory, and answers the kernel's release. Rejects
 * when the signal is aborted, and with a {@link VmUnavailable}; what there is by then stays in the directory.
 */
export async function makeKernel(directory: string, signal: AbortSignal): Promise<string> {
  // In a process group, all of which the signal ends.
  const shell = $({ quiet: true, detached: true, signal });
  const packages = join(directory, 'packages');
  const tree = join(directory, 'tree');
  await mkdir(packages);
  await download(shell({ cwd: packages }), [await newestKernel(shell), busyboxPackage]);
  for (const name of readdirSync(packages)) await shell`dpkg-deb -x ${join(packages, name)} ${tree}`;
  const release = readdirSync(join(tree, 'lib/modules'))[0] ?? '';
  const busybox = join(tree, 'bin/busybox');
  await shell`${busybox} depmod -b ${tree} ${release}`;
  const entries = await initramfs(shell, join(tree, 'lib/modules', release), readFileSync(busybox));
  await writeFile(join(directory, 'initramfs'), cpioArchive(entries));
  renameSync(join(tree, 'boot', `vmlinuz-${release}`), join(directory, 'vmlinuz'));
  rmSync(packages, { recursive: true });
  rmSync(tree, { recursive: true });
  return release;
}

/** The package of the newest kernel is one that holds nothing and depends on it: a line `Depends: linux-image-6.1.0-18-amd64`. */
async function newestKernel(shell: Shell): Promise<string> {
  const { stdout } = await shell({ nothrow: true })`apt-cache depends ${kernelPackage}`;
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new VmUnavailable(`no package ${kernelPackage} is known here: ${updateText}`);
  return name;
}

const updateText = 'run `apt-get update` as root; the package is one of Debian';

async function download(shell: Shell, names: readonly string[]): Promise<void> {
  const { ok, stderr } = await shell({ nothrow: true, timeout: '5m' })`apt-get -q download ${names}`;
  if (!ok)
    throw new VmUnavailable(`apt-get download ${names.join(' ')} failed (${updateText}):\n${stderr.trim()}`);
}

async function initramfs(shell: Shell, modules: string, busybox: Buffer): Promise<ArchiveEntry[]> {
  const text = (name: string) => readFile(join(modules, name), 'utf8');
  const files = modulesInOrder(wantedModules, await text('modules.dep'), await text('modules.builtin'));
  const loaded: ArchiveEntry[] = [];
  for (const [index, file] of files.entries()) {
    loaded.push({ path: `modules/${index}.ko`, data: await moduleBytes(shell, join(modules, file)) });
  }
  const directories = ['bin', 'proc', 'sys', 'dev', 'host', 'over', 'root', 'modules'];
  return [
    ...directories.map((path) => ({ path })),
    { path: 'bin/busybox', data: busybox, executable: true },
    { path: 'init', data: Buffer.from(initScript), executable: true },
    { path: 'modules/order', data: Buffer.from(files.map((_, index) => `${index}.ko\n`).join('')) },
    ...loaded,
  ];
}

/** Newer distributions pack their modules. */
async function moduleBytes(shell: Shell, file: string): Promise<Buffer> {
  if (file.endsWith('.xz')) await shell`xz --decompress ${file}`;
  return readFile(file.replace(/\.xz$/, ''));
}
