import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { mark, type Running, until, Workplace } from './fixtures/cli.ts';
import { longLog, shortLog } from './fixtures/honest-log.ts';
import { LaneProcess } from './lane/process.ts';
import { parseScenario } from './load-scenario.ts';
import type { ScenarioInput } from './scenario.ts';

const fuse = await probeFuse();

const long: ScenarioInput = {
  ...longLog,
  profiles: ['posix'],
  explore: { ...longLog.explore, timeoutSeconds: 5 },
};
const short: ScenarioInput = { ...shortLog, profiles: ['posix'] };

const ways = {
  lane: 'harness/lane/program',
  daemon: 'fuse/daemon',
  keeper: 'powercut-keeper',
  subject: 'canaries/driver.js',
  'first process of a lane': 'sh -c "$@"',
  unshare: 'unshare --mount',
} as const;

/** A run whose lanes are judging. */
async function startJudging(work: Workplace): Promise<Running> {
  const running = work.start('run', work.write('long', long), '--jobs', '2');
  // Each lane has a subject that is recorded, and one that recovers on images.
  await until(() => running.processes().filter(({ command }) => command.includes(ways.subject)).length >= 3);
  return running;
}

function killOne(running: Running, text: string): void {
  const found = running
    .processes()
    .find(({ command }) => command.includes(text) && isNotStarter(command, text));
  if (found === undefined) throw new Error(`no process of the run is called ${text}`);
  process.kill(found.pid, 'SIGKILL');
}

/** The command line of what starts a program holds that program's too. */
function isNotStarter(command: string, text: string): boolean {
  return text === ways.unshare || command.startsWith('sh ') === text.startsWith('sh ');
}

describe.skipIf(!fuse.available)('nothing is left behind', () => {
  it('by a run that ends by itself', async () => {
    using work = new Workplace();
    expect((await work.powercut('run', work.write('short', short))).code).toBe(0);
    expect(work.leftovers()).toEqual([]);
  });

  it('by some runs in a row', async () => {
    using work = new Workplace();
    const scenario = work.write('short', short);
    for (let run = 0; run < 5; run++) expect((await work.powercut('run', scenario)).code).toBe(0);
    expect(work.leftovers()).toEqual([]);
  });

  it('by a run that is killed, whatever it was at', async () => {
    using work = new Workplace();
    const scenario = work.write('short', short);
    for (const [index, program] of ['powercut-keeper', 'lane/program', ways.subject, ways.daemon].entries()) {
      const running = work.start('run', scenario, '--jobs', String(1 + (index % 2)));
      await until(() => running.processes().some(({ command }) => command.includes(program)));
      running.child.kill('SIGKILL');
      await running.ended;
    }
    expect(await work.lastingLeftovers()).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by a run that gets %s', async (signal, expected) => {
    using work = new Workplace();
    const running = await startJudging(work);
    running.child.kill(signal);
    expect((await running.ended).code).toBe(expected);
    expect(work.verdict().interrupted).toBe(signal);
    expect(work.leftovers()).toEqual([]);
  });

  it.each(['SIGKILL', 'SIGHUP'] as const)('by a run that dies of %s', async (signal) => {
    using work = new Workplace();
    const running = await startJudging(work);
    running.child.kill(signal);
    expect((await running.ended).code).toBe(null);
    expect(await work.lastingLeftovers()).toEqual([]);
  });

  it.each(['lane', 'first process of a lane', 'unshare'] as const)(
    'when the %s is killed, which answers 70',
    async (who) => {
      using work = new Workplace();
      const running = await startJudging(work);
      killOne(running, ways[who]);
      const { code, stderr } = await running.ended;
      expect(stderr).toMatch(/powercut itself failed: a lane ended with (SIGKILL|exit 137|exit 1; it said)/);
      expect(code).toBe(70);
      expect(work.leftovers()).toEqual([]);
    },
  );

  it.each(['daemon', 'keeper'] as const)('when the %s is killed while a subject is recorded', async (who) => {
    using work = new Workplace();
    const scenario: ScenarioInput = {
      ...long,
      subject: { workload: ['sh', '-c', 'while echo x >> f; do :; done'], checker: ['true'] },
    };
    const running = work.start('run', work.write('long', scenario), '--jobs', '1');
    await until(() => running.processes().some(({ command }) => command.startsWith('sh -c while')));
    killOne(running, ways[who]);
    const { code, stderr } = await running.ended;
    expect(stderr).toContain('the fuse layer is gone: the daemon ended with SIGKILL');
    expect(code).toBe(70);
    expect(work.leftovers()).toEqual([]);
  });

  it('when a subject is killed from outside', async () => {
    using work = new Workplace();
    const running = await startJudging(work);
    killOne(running, ways.subject);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(143);
    expect(work.leftovers()).toEqual([]);
  });

  it('and no descriptor, by one scenario after the other on one lane', async () => {
    using work = new Workplace();
    process.env[mark] = work.directory;
    const lane = new LaneProcess({ namespaces: 'private', cpu: 0, onJudged: () => {} });
    delete process.env[mark];
    try {
      const loaded = parseScenario(JSON.stringify(short), join(work.directory, 'short.json'));
      const counts: number[] = [];
      for (let round = 0; round < 4; round++) {
        await lane.call('open', { loaded, layer: 'fuse', seed: 1 });
        await lane.call('hello', undefined);
        await lane.call('record', []);
        await lane.call('close', undefined);
        counts.push(descriptorsOfLane(work));
      }
      expect(new Set(counts.slice(1)).size).toBe(1);
    } finally {
      await lane.close();
    }
    expect(work.leftovers()).toEqual([]);
  });
});

function descriptorsOfLane(work: Workplace): number {
  const lane = work.processes().find(({ command }) => command.startsWith(process.execPath));
  if (lane === undefined) throw new Error('there is no lane');
  return readdirSync(`/proc/${lane.pid}/fd`).length;
}
