import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isInPath } from '../programs.ts';
import { busyboxPackage, ingredients, kernelPackage, makeKernel } from './make-kernel.ts';
import type { Lack } from './qemu.ts';
import { VmUnavailable } from './unavailable.ts';

/** What the machine boots. */
export interface Kernel {
  readonly kernelFile: string;
  readonly initramfsFile: string;
  /** As the distribution calls it: `6.1.0-18-amd64`. */
  readonly release: string;
}

/**
 * A kernel is in a directory of its own, `kernel-` and 16 hexadecimal digits, with the files `vmlinuz`, `initramfs` and `release`.
 * The digits change with all that goes into the initramfs, so that one made by another powercut is never booted.
 */
function placeIn(directory: string): string {
  const recipe = createHash('sha256').update(JSON.stringify(ingredients)).digest('hex');
  return join(directory, `kernel-${recipe.slice(0, 16)}`);
}

/** In the user's cache (XDG Base Directory Specification). */
export function defaultVmDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'powercut', 'vm');
}

/** The kernel that is in the directory already; undefined where there is none, or only those that another powercut made. */
export async function kernelIn(directory: string): Promise<Kernel | undefined> {
  const place = placeIn(directory);
  const release = await readFile(join(place, 'release'), 'utf8').catch(() => '');
  if (release === '') return undefined;
  return { kernelFile: join(place, 'vmlinuz'), initramfsFile: join(place, 'initramfs'), release };
}

export interface Providing {
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  readonly now: Date;
}

/**
 * The kernel of the directory; where it has none, made of the distribution's packages, which takes some seconds and the
 * network. Whatever else is in the directory stays. Rejects with a {@link VmUnavailable}, and when the signal is aborted.
 */
export async function provideKernel(directory: string, { say, signal, now }: Providing): Promise<Kernel> {
  sweep(directory, now);
  const there = await kernelIn(directory);
  if (there !== undefined) return there;
  const problem = whyNoKernel();
  if (problem !== undefined) throw new VmUnavailable(`${problem.why}: ${problem.remedy}`);
  say(`getting the packages ${kernelPackage} and ${busyboxPackage} for the machine, into ${directory}\n`);
  await mkdir(directory, { recursive: true });
  const place = placeIn(directory);
  // Beside its place, and moved there when it is whole: two that make one at the same time do not meet.
  const making = mkdtempSync(`${place}.`);
  try {
    await writeFile(join(making, 'release'), await makeKernel(making, signal));
    moveUnlessThere(making, place);
  } finally {
    // What was writing there may end a moment later than it was told to.
    rmSync(making, { recursive: true, force: true, maxRetries: 10 });
  }
  const made = await kernelIn(directory);
  if (made === undefined)
    throw new VmUnavailable(`${place} has no whole kernel: remove it, and one is made again`);
  return made;
}

/** Whoever comes second keeps what is there: a machine may be booting it. */
function moveUnlessThere(making: string, place: string): void {
  try {
    renameSync(making, place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

const makingName = /^kernel-[0-9a-f]{16}\.\w{6}$/;
/** Far longer than the making of a kernel may take. */
const makingMsMax = 3_600_000;

/** Removes what was left by those that were killed while they made a kernel. */
function sweep(directory: string, now: Date): void {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  for (const path of names.filter((name) => makingName.test(name)).map((name) => join(directory, name))) {
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && now.getTime() - since > makingMsMax)
      rmSync(path, { recursive: true, force: true });
  }
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
