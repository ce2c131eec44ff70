import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { probeFuse } from '../../src/faults/fuse/layer.ts';
import { programPath } from '../../src/program.ts';
import { until, Workplace } from '../fixtures/cli.ts';
import type { ScenarioInput } from '../scenario.ts';
import { connect, probeDocker } from './engine.ts';
import { isGone, ownerLabel } from './owner.ts';

const docker = await probeDocker();
const fuse = await probeFuse();
const engine = connect();
const isMissing = !docker.available || !fuse.available;

const scenario = (variant: string, more: Partial<ScenarioInput> = {}): ScenarioInput => ({
  name: variant,
  subject: {
    driver: ['node', programPath('scenarios/canaries/driver')],
    options: { variant },
    container: { build: 'canary' },
  },
  claims: { durability: ['process-kill', 'power-loss'] },
  profiles: ['posix'],
  explore: { states: 16, nested: false, kills: 2 },
  ...more,
});

/** Containers that powercut made, and whose lane is no more. */
async function orphans(): Promise<string[]> {
  const found = await engine.listContainers({ all: true, filters: { label: [ownerLabel] } });
  return found.filter(({ Labels }) => isGone(Labels[ownerLabel] ?? '')).map(({ Id }) => Id);
}

async function expectNothingLeft(work: Workplace): Promise<void> {
  expect(await work.lastingLeftovers()).toEqual([]);
  expect(await orphans()).toEqual([]);
}

describe.skipIf(isMissing)('a subject in a Docker container', { timeout: 180_000 }, () => {
  it('is judged as on this machine, and leaves nothing', async () => {
    using work = new Workplace();
    const file = work.write('honest', scenario('honest'));
    const cells = [];
    for (const where of ['--container', '--no-container']) {
      const { code, stderr } = await work.powercut('run', file, where, '--jobs', '1');
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      await expectNothingLeft(work);
      cells.push(work.scenario().cells.map(({ states: _, ...cell }) => cell));
      const notes = work.scenario().notes.join(' ');
      expect(notes.includes('in a container of powercut/canary:')).toBe(where === '--container');
    }
    expect(cells[0]).toEqual(cells[1]);
  });

  it('is found out, and its finding shows again, in its container', async () => {
    using work = new Workplace();
    const file = work.write('no-fsync', scenario('no-fsync', { claims: { durability: ['power-loss'] } }));
    expect((await work.powercut('run', file, '--container', '--jobs', '1')).code).toBe(1);
    const [finding] = work.scenario().findings;
    const again = await work.powercut('replay', finding?.replay.token ?? '');
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 1, stderr: '' });
    await expectNothingLeft(work);
  });

  it('is killed, stopped and paused at random, and loses nothing', async () => {
    using work = new Workplace();
    const file = work.write('honest', scenario('honest'));
    const tortured = ['torture', file, '--container', '--fault', 'process-kill', '--cycles', '10'];
    const { code, stdout } = await work.powercut(...tortured);
    expect({ code, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stdout: '' });
    await expectNothingLeft(work);
  });

  it('does not outlive a powercut that is killed, nor one whose lanes are killed with it', async () => {
    for (const whole of [false, true]) {
      using work = new Workplace();
      const file = work.write('honest', scenario('honest'));
      const running = work.start('torture', file, '--container', '--cycles', '1000', '--jobs', '1');
      const lane = await until(() =>
        running.processes().find(({ command }) => /lane\/program/.test(command)),
      );
      while ((await ownedBy(lane.pid)) === 0) await sleep(20);
      running.child.kill('SIGKILL');
      if (whole) process.kill(lane.pid, 'SIGKILL');
      await running.ended;
      await expectNothingLeft(work);
    }
  });

  it('is not tested where there is no engine', async () => {
    using work = new Workplace();
    work.environment = { DOCKER_HOST: 'unix:///nonexistent' };
    const { code, stdout } = await work.powercut(
      'run',
      work.write('honest', scenario('honest')),
      '--container',
    );
    expect(code).toBe(69);
    expect(stdout).toContain('No container can be had: no engine answers');
  });
});

async function ownedBy(pid: number): Promise<number> {
  const found = await engine.listContainers({ filters: { label: [ownerLabel] } });
  return found.filter(({ Labels }) => Labels[ownerLabel]?.split('.')[1] === String(pid)).length;
}
