import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until, Workplace } from '../fixtures/cli.ts';
import { packageRoot } from '../package.ts';
import type { ScenarioInput } from '../scenario.ts';
import { defaultVmDirectory, whyNoKernel } from './kernel.ts';
import { whyNoQemu } from './qemu.ts';

const canBoot = whyNoQemu() === undefined && whyNoKernel() === undefined;

/** Where QEMU translates, and others use the cores, all takes its time. */
const patienceMs = 300_000;

/** The kernel is the one of the user who runs the tests: it is fetched once. */
const inMachine = [
  'vm',
  '--vm-directory',
  resolve(defaultVmDirectory()),
  '--memory',
  '2048',
  '--limit',
  '280s',
  '--',
];

function scenarioOf(name: string, driver: string, options: Record<string, string> = {}): ScenarioInput {
  const file = join(packageRoot, 'dist', 'scenarios', driver);
  return {
    name,
    subject: { driver: ['node', file], options },
    claims: { durability: ['power-loss'] },
    // Each more would be tried without, to find the smallest: that takes most of the time.
    workload: { operations: 1 },
    explore: { nested: false },
    profiles: ['ext4-ordered'],
  };
}

describe.skipIf(!canBoot)('powercut in the virtual machine', () => {
  it(
    'judges on the kernel that is there: a bug is found, a subject that keeps its promise holds',
    async () => {
      using place = new Workplace();
      const files = [
        place.write('bug', scenarioOf('bug', 'canaries/driver.js', { variant: 'no-fsync' })),
        place.write('wal', scenarioOf('wal', 'subjects/wal-driver.js')),
      ];
      const flags = ['--layer', 'dm', '--states', '3', '--jobs', '1'];
      const { code, stdout, stderr } = await place.powercut(...inMachine, 'run', ...files, ...flags);
      expect({ code, stderr, stdout }).toMatchObject({ code: 1 });
      const [found, held] = place.verdict().scenarios;
      expect(found).toMatchObject({ name: 'bug', layer: 'dm', status: 'violated' });
      expect(held).toMatchObject({ name: 'wal', layer: 'dm', status: 'held' });
      expect(place.verdict().environment.kernel).toMatch(/^\d+\.\d+.*-amd64$/);
      expect(await place.lastingLeftovers()).toEqual([]);
    },
    patienceMs,
  );

  it(
    'is gone when powercut is killed',
    async () => {
      using place = new Workplace();
      const running = place.start(...inMachine, 'doctor');
      await until(() => running.processes().some(({ command }) => command.startsWith('qemu-system')));
      await sleep(500);
      running.child.kill('SIGKILL');
      expect(await place.lastingLeftovers()).toEqual([]);
    },
    patienceMs,
  );
});
