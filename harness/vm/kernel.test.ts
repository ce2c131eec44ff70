import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Distribution, fakeRelease, pathWith } from './fixtures/distribution.ts';
import { kernelIn, type Providing, provideKernel } from './kernel.ts';
import { wantedModules } from './modules.ts';
import { VmUnavailable } from './unavailable.ts';

const kernelName = /^kernel-[0-9a-f]{16}$/;

describe.skipIf(process.arch !== 'x64')('provideKernel', () => {
  let workplace = '';
  /** Where the kernels are. */
  let directory = '';

  beforeEach(() => {
    workplace = mkdtempSync(join(tmpdir(), 'powercut-kernel-'));
    directory = join(workplace, 'vm');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(workplace, { recursive: true, force: true });
  });

  function provide(distribution: Distribution = {}, providing: Partial<Providing> = {}) {
    vi.stubEnv('PATH', pathWith(join(workplace, 'bin'), distribution));
    const usual = { say: () => {}, signal: new AbortController().signal, now: new Date(0) };
    return provideKernel(directory, { ...usual, ...providing });
  }

  it('makes one where there is none, and takes it from then on', async () => {
    const made = await provide();
    expect(made.release).toBe(fakeRelease);
    expect(readFileSync(made.kernelFile, 'utf8')).toBe('kernel\n');
    expect(readFileSync(made.initramfsFile, 'latin1')).toContain('TRAILER!!!');
    expect(await provide({ download: 'exit 1' })).toEqual(made);
    expect(await kernelIn(directory)).toEqual(made);
  });

  // The directory itself was replaced by the kernel once, with all that was in it.
  it('leaves alone what else is in the directory', async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'thesis.txt'), 'thesis');
    await provide();
    expect(readFileSync(join(directory, 'thesis.txt'), 'utf8')).toBe('thesis');
    expect(readdirSync(directory)).toEqual([expect.stringMatching(kernelName), 'thesis.txt']);
  });

  // The slower one used to take the kernel away that a machine was booting.
  it('two that make one at the same time have the same: the slower discards its own', async () => {
    const inode = ({ kernelFile }: { readonly kernelFile: string }) => statSync(kernelFile).ino;
    const inodes = await Promise.all([provide().then(inode), provide().then(inode)]);
    const last = await provide();
    expect(inodes).toEqual([inode(last), inode(last)]);
    expect(readdirSync(directory)).toEqual([expect.stringMatching(kernelName)]);
  });

  it('keeps what stands in its place and is no kernel, and says so', async () => {
    const { kernelFile } = await provide();
    const place = join(kernelFile, '..');
    rmSync(join(place, 'release'));
    await expect(provide()).rejects.toThrow(`${place} has no whole kernel: remove it`);
    expect(readdirSync(place).sort()).toEqual(['initramfs', 'vmlinuz']);
  });

  it('leaves nothing when it is interrupted', async () => {
    const controller = new AbortController();
    const started = join(workplace, 'started');
    const download = `touch ${started}; sleep 1000`;
    const made = provide({ download }, { signal: controller.signal });
    while (!existsSync(started)) await sleep(10);
    controller.abort('SIGINT');
    await expect(made).rejects.toThrow();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves nothing where the kernel lacks a module, and says so', async () => {
    const modules = wantedModules.filter((name) => name !== 'dm-flakey');
    const made = provide({ modules });
    await expect(made).rejects.toThrow(VmUnavailable);
    await expect(made).rejects.toThrow('no module dm-flakey');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('removes what was left by those that were killed at it, and nothing else', async () => {
    const hour = 3_600_000;
    const place = 'kernel-0123456789abcdef';
    const old = [`${place}.aB3dE6`, place, `${place}.movies-of-mine`, 'making-movies'];
    const names = [...old, `${place}.young1`];
    for (const name of names) mkdirSync(join(directory, name, 'tree'), { recursive: true });
    for (const name of old) utimesSync(join(directory, name), 1000, 1000);
    utimesSync(join(directory, `${place}.young1`), 1000 + 3600, 1000 + 3600);
    await provide({}, { now: new Date(1_000_000 + hour + 1) });
    const left = readdirSync(directory);
    expect(left).toEqual(expect.arrayContaining(names.slice(1)));
    expect(left).toHaveLength(names.length);
  });
});
