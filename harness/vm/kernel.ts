import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { $ } from 'zx';
import { isInPath } from '../programs.ts';
import { type ArchiveEntry, cpioArchive } from './cpio.ts';
import { initScript } from './init.ts';
import { modulesInOrder, wantedModules } from './modules.ts';
import type { Lack } from './qemu.ts';

/** What the machine boots. */
export interface Kernel {
  readonly kernelFile: string;
  readonly initramfsFile: string;
  /** As the distribution calls it: `6.1.0-18-amd64`. */
  readonly release: string;
}

/** The machine cannot be had here; the message says why, and what to do. */
export class VmUnavailable extends Error {
  override readonly name = 'VmUnavailable';
}

/** The package that stands for the newest kernel, and the one that holds the programs of the initramfs. */
const kernelPackage = 'linux-image-amd64';
const busyboxPackage = 'busybox-static';

/** Changes with all that goes into the initramfs, so that one made by another powercut is never booted. */
const recipe = createHash('sha256')
  .update(JSON.stringify([initScript, wantedModules, kernelPackage, busyboxPackage]))
  .digest('hex');

/** In the user's cache (XDG Base Directory Specification). */
export function defaultVmDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'powercut', 'vm');
}

/** The kernel that is in the directory already; undefined where there is none, or one that another powercut made. */
export async function kernelIn(directory: string): Promise<Kernel | undefined> {
  const text = await readFile(join(directory, 'contents.json'), 'utf8').catch(() => '{}');
  const contents = JSON.parse(text) as Partial<{ recipe: string; release: string }>;
  if (contents.recipe !== recipe || contents.release === undefined) return undefined;
  return {
    kernelFile: join(directory, 'vmlinuz'),
    initramfsFile: join(directory, 'initramfs'),
    release: contents.release,
  };
}

/**
 * The kernel of the directory; where it has none, made of the distribution's packages, which takes some seconds and the
 * network. Rejects with a {@link VmUnavailable}.
 */
export async function provideKernel(directory: string, say: (text: string) => void): Promise<Kernel> {
  const there = await kernelIn(directory);
  if (there !== undefined) return there;
  const problem = whyNoKernel();
  if (problem !== undefined) throw new VmUnavailable(`${problem.why}: ${problem.remedy}`);
  say(`getting the packages ${kernelPackage} and ${busyboxPackage} for the machine, into ${directory}\n`);
  const parent = dirname(resolve(directory));
  await mkdir(parent, { recursive: true });
  // Beside its place, and moved there when it is whole: two that make one at the same time do not meet.
  const making = mkdtempSync(join(parent, 'making-'));
  try {
    await makeKernel(making);
    rmSync(directory, { recursive: true, force: true });
    renameSync(making, directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  const made = await kernelIn(directory);
  if (made === undefined) throw new Error(`the kernel that was just made is not in ${directory}`);
  return made;
}

/** Why a kernel cannot be fetched here; undefined where it can. */
export function whyNoKernel(): Lack | undefined {
  const remedy = 'run powercut on Debian, or in a container of it, on x86-64';
  if (process.arch !== 'x64')
    return { why: `the machine is an x86-64 one, and this host is ${process.arch}`, remedy };
  const missing = ['apt-get', 'apt-cache', 'dpkg-deb'].filter((program) => !isInPath(program));
  if (missing.length === 0) return undefined;
  return { why: `its kernel comes from Debian's packages, and ${missing.join(', ')} not installed`, remedy };
}

async function makeKernel(directory: string): Promise<void> {
  const packages = join(directory, 'packages');
  const tree = join(directory, 'tree');
  await mkdir(packages);
  await download(packages, [await newestKernel(), busyboxPackage]);
  for (const name of readdirSync(packages))
    await $({ quiet: true })`dpkg-deb -x ${join(packages, name)} ${tree}`;
  const release = readdirSync(join(tree, 'lib/modules'))[0] ?? '';
  const busybox = join(tree, 'bin/busybox');
  await $({ quiet: true })`${busybox} depmod -b ${tree} ${release}`;
  const entries = await initramfs(join(tree, 'lib/modules', release), readFileSync(busybox));
  await writeFile(join(directory, 'initramfs'), cpioArchive(entries));
  renameSync(join(tree, 'boot', `vmlinuz-${release}`), join(directory, 'vmlinuz'));
  await writeFile(join(directory, 'contents.json'), JSON.stringify({ recipe, release }));
  rmSync(packages, { recursive: true });
  rmSync(tree, { recursive: true });
}

/** The package of the newest kernel is one that holds nothing and depends on it: a line `Depends: linux-image-6.1.0-18-amd64`. */
async function newestKernel(): Promise<string> {
  const { stdout } = await $({ quiet: true, nothrow: true })`apt-cache depends ${kernelPackage}`;
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new VmUnavailable(`no package ${kernelPackage} is known here: ${updateText}`);
  return name;
}

const updateText = 'run `apt-get update` as root; the package is one of Debian';

async function download(directory: string, names: readonly string[]): Promise<void> {
  const { ok, stderr } = await $({
    cwd: directory,
    quiet: true,
    nothrow: true,
    timeout: '5m',
  })`apt-get -q download ${names}`;
  if (!ok)
    throw new VmUnavailable(`apt-get download ${names.join(' ')} failed (${updateText}):\n${stderr.trim()}`);
}

async function initramfs(modules: string, busybox: Buffer): Promise<ArchiveEntry[]> {
  const text = (name: string) => readFile(join(modules, name), 'utf8');
  const files = modulesInOrder(wantedModules, await text('modules.dep'), await text('modules.builtin'));
  const loaded: ArchiveEntry[] = [];
  for (const [index, file] of files.entries()) {
    loaded.push({ path: `modules/${index}.ko`, data: await moduleBytes(join(modules, file)) });
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
async function moduleBytes(file: string): Promise<Buffer> {
  if (file.endsWith('.xz')) await $({ quiet: true })`xz --decompress ${file}`;
  return readFile(file.replace(/\.xz$/, ''));
}
