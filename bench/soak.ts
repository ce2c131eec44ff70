import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Workplace } from '../harness/fixtures/cli.ts';

/**
 * Many runs one after the other, and then a look at what they left: `node dist/bench/soak.js 1000`. Each is a process of
 * its own with real mounts; every tenth is killed, each at another moment. Answers 1 where something was left.
 */

const [, , countText = '100'] = process.argv;
const canaryDriver = fileURLToPath(new URL('../scenarios/canaries/driver.js', import.meta.url));

/** How many of each the machine holds now: other programs on it count too. */
function heldByMachine(): string {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').length - 1;
  const [descriptors] = readFileSync('/proc/sys/fs/file-nr', 'utf8').split('\t');
  return `${mounts} mounts, ${descriptors} descriptors`;
}

async function oneRun(work: Workplace, scenario: string, index: number): Promise<void> {
  const { child, ended } = work.start('run', scenario, '--jobs', '1');
  if (index % 10 === 9) {
    await sleep(100 + ((index * 37) % 900));
    child.kill('SIGKILL');
    await ended;
    return;
  }
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(`run ${index + 1} answered ${code}: ${stderr}`);
}

async function main(count: number): Promise<readonly string[]> {
  using work = new Workplace();
  const scenario = work.write('soak', {
    name: 'soak',
    subject: { driver: ['node', canaryDriver], options: { variant: 'honest' } },
    workload: { operations: 2 },
    claims: { durability: ['power-loss'] },
    profiles: ['posix'],
    explore: { states: 10, nested: false },
  });
  const before = heldByMachine();
  for (let index = 0; index < count; index++) {
    await oneRun(work, scenario, index);
    if ((index + 1) % 50 === 0) console.error(`${index + 1} of ${count} runs`);
  }
  const left = await work.lastingLeftovers();
  console.log(`${count} runs. The machine held ${before}, and now ${heldByMachine()}.`);
  return left;
}

const left = await main(Number(countText));
console.log(left.length === 0 ? 'Nothing was left behind.' : `Left behind:\n${left.join('\n')}`);
process.exitCode = left.length === 0 ? 0 : 1;
