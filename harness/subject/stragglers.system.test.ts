import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeFuse } from '../../src/faults/fuse/layer.ts';
import { programPath } from '../../src/program.ts';
import { Workplace } from '../fixtures/cli.ts';
import type { ScenarioInput } from '../scenario.ts';
import { runWorkload } from './command-pair.ts';
import { processesCalledWith } from './fixtures/processes.ts';

/**
 * A process that left its group and session, cleaned its environment and holds its parent's output: nothing on it says
 * whose it is, and the end of that output never comes.
 */
const seconds = `600.${process.pid}`;
const leaves = `env -i setsid sleep ${seconds} & until grep -qs sleep /proc/$!/comm; do :; done`;

const sleepers = () => processesCalledWith(seconds);
const fuse = await probeFuse();

describe.skipIf(!fuse.available)('in a lane, a stranger that a subject left', () => {
  async function run(subject: ScenarioInput['subject']) {
    using work = new Workplace();
    const scenario = {
      name: 'left',
      subject,
      claims: { durability: ['power-loss'] },
      profiles: ['posix'],
      explore: { states: 4, nested: false, timeoutSeconds: 20 },
    } satisfies ScenarioInput;
    const { code } = await work.powercut('run', work.write('left', scenario));
    expect(await work.lastingLeftovers()).toEqual([]);
    expect(sleepers()).toEqual([]);
    return { code, ...work.scenario() };
  }
  const workload = 'echo one > f; sync f; sync .; echo one';

  it('is ended with the workload', async () => {
    const { code, status } = await run({
      workload: ['sh', '-c', `${workload}; ${leaves}`],
      checker: ['sh', '-c', 'test ! -s "$POWERCUT_ACKED" || grep -q one f'],
    });
    expect({ code, status }).toEqual({ code: 0, status: 'held' });
  });

  it('is ended with the checker, and counts as one that the checker did not wait for', async () => {
    const { code, cells } = await run({
      workload: ['sh', '-c', workload],
      checker: ['sh', '-c', leaves],
    });
    expect(code).toBe(2);
    expect(cells.map(({ why }) => why).join()).toContain('ended with 1 of its processes still running');
  });

  it('is ended with a driver, also while a finding is made small', async () => {
    const driver = ['node', programPath('harness/subject/fixtures/driver'), 'leaves-a-stranger', seconds];
    expect((await run({ driver })).status).toBe('violated');
  });
});

it('elsewhere, a stranger that still holds the output is told of, and is not waited for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'powercut-stragglers-'));
  const outcome = runWorkload({
    command: ['sh', '-c', leaves],
    directories: new Map([['data', directory]]),
    environment: {},
    timeoutMs: 60_000,
    onLine: () => {},
  });
  try {
    await expect(outcome).rejects.toThrow(
      'sh ended, and something that it had started still holds its output',
    );
  } finally {
    for (const pid of sleepers()) process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true });
  }
});
