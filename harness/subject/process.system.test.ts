import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { programPath } from '../../src/program.ts';
import { processesWith } from './fixtures/processes.ts';

/** Runs a program that owns a driver, and answers which processes are left some time after it is gone. */
async function leftAfter(how: 'exits' | 'waits'): Promise<readonly number[]> {
  const run = `${process.pid}-owner-${how}`;
  const owner = spawn('node', [programPath('harness/subject/fixtures/owner'), how], {
    env: { ...process.env, TEST_RUN: run },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(owner, 'exit');
  await once(owner.stdout, 'data');
  if (how === 'waits') {
    expect(processesWith('TEST_RUN', run)).toHaveLength(2);
    owner.kill('SIGKILL');
  }
  await ended;
  for (let tries = 0; tries < 100 && processesWith('TEST_RUN', run).length > 0; tries++) await sleep(100);
  return processesWith('TEST_RUN', run);
}

test('a driver does not outlive powercut: killed when it exits, at the end of stdin when it is killed itself', async () => {
  expect(await leftAfter('exits')).toEqual([]);
  expect(await leftAfter('waits')).toEqual([]);
});
