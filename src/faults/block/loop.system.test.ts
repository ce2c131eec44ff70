import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { programPath } from '../../program.ts';
import { attachLoop } from './loop.ts';
import { probeBlock } from './probe.ts';

const { available } = await probeBlock();
const directory = mkdtempSync(join(tmpdir(), 'powercut-loop-'));
afterAll(() => rmSync(directory, { recursive: true }));

function emptyDisk(name: string): string {
  const file = join(directory, name);
  writeFileSync(file, '');
  truncateSync(file, 16 * 1024 * 1024);
  return file;
}

/** The file below a loop device; undefined where it is free. */
function under(device: string): string | undefined {
  const file = `/sys/block/${basename(device)}/loop/backing_file`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

async function untilFree(device: string, file: string): Promise<void> {
  while (under(device) === file) await sleep(10);
}

/** A process that runs `script`, in which `attachLoop` and `file` are known, and has printed a device when this resolves. */
async function startHolder(
  file: string,
  script: string,
  ...under: string[]
): Promise<[ChildProcess, string]> {
  const module = pathToFileURL(programPath('src/faults/block/loop')).href;
  const source = `
    import { execFileSync } from 'node:child_process';
    import { attachLoop } from '${module}';
    const file = '${file}';
    const loop = attachLoop(file);
    ${script}
    console.log(loop.device);
    setInterval(() => {}, 60_000);`;
  const [program = '', ...parameters] = [...under, process.execPath, '--input-type=module', '-e', source];
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return [child, String(line).trim()];
}

describe.skipIf(!available)('a loop device', () => {
  it('has the bytes of its file, and is free once it is let go of', async () => {
    const file = emptyDisk('bytes');
    writeFileSync(file, 'sector', { flag: 'r+' });
    const { device, release } = attachLoop(file);
    expect(under(device)).toBe(file);
    expect(readFileSync(device).subarray(0, 6).toString()).toBe('sector');
    release();
    await untilFree(device, file);
  });

  it('is another one for each of many that are attached at once, by several processes', async () => {
    const here = ['a', 'b', 'c', 'd'].map((name) => attachLoop(emptyDisk(name)));
    const there = await Promise.all(['e', 'f', 'g'].map((name) => startHolder(emptyDisk(name), '')));
    const devices = [...here.map(({ device }) => device), ...there.map(([, device]) => device)];
    expect(new Set(devices).size).toBe(7);
    for (const { release } of here) release();
    for (const [child] of there) child.kill('SIGKILL');
    await Promise.all(
      devices.map((device, index) => untilFree(device, join(directory, 'abcdefg'[index] ?? ''))),
    );
  });

  it('says which file could not be had', () => {
    expect(() => attachLoop(join(directory, 'none'))).toThrow(/ENOENT.*none/);
    expect(() => attachLoop('/dev/null')).toThrow(/\/dev\/loop\d+ could not be attached to \/dev\/null/);
  });

  it('is free after its process was killed', async () => {
    const file = emptyDisk('killed');
    const [child, device] = await startHolder(file, '');
    expect(under(device)).toBe(file);
    child.kill('SIGKILL');
    await untilFree(device, file);
  });

  it('is free after a process was killed that had it mounted in a namespace of its own', async () => {
    const file = emptyDisk('mounted');
    const mount = `execFileSync('mkfs.ext4', ['-q', file]);
      execFileSync('mount', [loop.device, '/mnt']);
      loop.release();`;
    const [child, device] = await startHolder(file, mount, 'unshare', '--mount', '--kill-child', '--fork');
    expect(under(device)).toBe(file);
    child.kill('SIGKILL');
    await untilFree(device, file);
  });
});
