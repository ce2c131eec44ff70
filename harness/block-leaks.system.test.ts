import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { probeBlock } from '../src/faults/block/probe.ts';
import { type Running, until, Workplace } from './fixtures/cli.ts';
import { longLog, shortLog } from './fixtures/honest-log.ts';
import { isInPath } from './programs.ts';
import type { ScenarioInput } from './scenario.ts';

const { available } = await probeBlock();
const canRun = available && isInPath('mkfs.ext4');

const long: ScenarioInput = { ...longLog, layer: 'block', profiles: ['ext4-ordered'] };
const short: ScenarioInput = { ...shortLog, layer: 'block', profiles: ['ext4-ordered'] };

/** A loop device as long as it is attached: the kernel gives each attachment another number. */
interface Attached {
  readonly device: string;
  readonly sequence: string;
}

/** Those that a run's processes have mounted, each lane in a namespace of its own. */
function devicesOf(running: Running): Attached[] {
  const mounts = running.processes().map(({ pid }) => readIfThere(`/proc/${pid}/mountinfo`));
  const devices = new Set(mounts.flatMap((text) => text.match(/(?<= \/dev\/)loop\d+(?= )/g) ?? []));
  return [...devices].map((device) => ({ device, sequence: sequenceOf(device) }));
}

function stillAttached(devices: readonly Attached[]): readonly Attached[] {
  return devices.filter(
    ({ device, sequence }) =>
      existsSync(`/sys/block/${device}/loop/backing_file`) && sequenceOf(device) === sequence,
  );
}

function sequenceOf(device: string): string {
  return readIfThere(`/sys/block/${device}/diskseq`).trim();
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** A run whose lanes are judging: the disk under the recorder is mounted, and an image beside it. */
async function startJudging(work: Workplace): Promise<[Running, Attached[]]> {
  const running = work.start('run', work.write('long', long), '--jobs', '1');
  const devices = await until(() => {
    const found = devicesOf(running);
    return found.length >= 2 && found;
  });
  return [running, devices];
}

describe.skipIf(!canRun)('no loop device, mount or process is left behind on the block layer', () => {
  it('by a run that ends by itself', async () => {
    using work = new Workplace();
    const running = work.start('run', work.write('short', short), '--jobs', '1');
    const devices = await until(() => {
      const found = devicesOf(running);
      return found.length > 0 && found;
    });
    expect((await running.ended).code).toBe(0);
    expect(work.leftovers()).toEqual([]);
    await until(() => stillAttached(devices).length === 0);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('by a run that gets %s', async (signal) => {
    using work = new Workplace();
    const [running, devices] = await startJudging(work);
    expect(stillAttached(devices).length).toBeGreaterThan(0);
    running.child.kill(signal);
    await running.ended;
    expect(await work.lastingLeftovers()).toEqual([]);
    await until(() => stillAttached(devices).length === 0);
  });

  it.each(['harness/lane/program', 'fuse/daemon'])('when %s is killed', async (program) => {
    using work = new Workplace();
    const [running, devices] = await startJudging(work);
    const found = running
      .processes()
      .find(({ command }) => command.includes(program) && command.startsWith(process.execPath));
    process.kill(found?.pid ?? Number.NaN, 'SIGKILL');
    if (program === 'fuse/daemon') running.child.kill('SIGTERM');
    expect([70, 143]).toContain((await running.ended).code);
    expect(await work.lastingLeftovers()).toEqual([]);
    await until(() => stillAttached(devices).length === 0);
  });
});
