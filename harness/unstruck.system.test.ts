import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Workplace } from './fixtures/cli.ts';
import type { ScenarioInput } from './scenario.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../dist/harness/fixtures/${name}`, import.meta.url));

async function run(input: Pick<ScenarioInput, 'subject' | 'claims' | 'workload' | 'profiles'>) {
  using work = new Workplace();
  const scenario = {
    name: 's',
    profiles: ['posix' as const],
    explore: { states: 40, nested: false },
    ...input,
  };
  const { code, stdout } = await work.powercut(
    'run',
    work.write('s', scenario),
    '--layer',
    'sim',
    '--jobs',
    '1',
  );
  return { code, stdout, ...work.scenario() };
}

it('a fault whose operation did not come again makes the claim unknown, and says so', async () => {
  const { code, cells, stdout } = await run({
    subject: { module: fixture('fickle.js') },
    workload: { operations: 2, batch: 0 },
    claims: { availability: ['fsync-error', 'io-error'] },
  });
  expect(code).toBe(2);
  expect(cells.map(({ fault, status }) => `${fault} ${status}`)).toEqual([
    'fsync-error unknown',
    'io-error unknown',
  ]);
  const [{ why, states } = { why: '', states: -1 }, io] = cells;
  expect(states).toBe(0);
  expect(why).toMatch(/^A planned fsync-error never fired \(.*\): there was no sync\. The subject/);
  // The operations that did come were struck: what was judged does not make up for the one that was not.
  expect(io?.states).toBeGreaterThan(0);
  expect(io?.why).toMatch(/its time has not come: it has counted \d+ \(operation\)/);
  expect(stdout.replace(/\s+/g, ' ')).toContain('never fired');
});

it('a fault that could befall nothing is told with the reason, and takes nothing from what it did befall', async () => {
  const log = {
    module: fixture('fsync-log.js'),
    options: { atError: 'stop' },
  };
  const { cells, notes } = await run({
    subject: log,
    workload: { operations: 3, batch: 0 },
    claims: { availability: ['misdirected-write'] },
    profiles: ['posix', 'ext4-ordered'],
  });
  expect(cells).toMatchObject([{ status: 'held' }, { status: 'held' }]);
  for (const { states } of cells) expect(states).toBeGreaterThan(0);
  expect(notes.filter((note) => note.startsWith('Of misdirected-write'))).toEqual([
    'Of misdirected-write: 1 planned one could befall nothing: nothing else is stored on data where it could have landed.',
  ]);
});

it('a fault that could befall nothing at all makes the claim unknown', async () => {
  const { code, cells } = await run({
    subject: { module: fixture('fsync-log.js'), options: { atError: 'stop' } },
    workload: { operations: 1, batch: 0 },
    claims: { availability: ['misdirected-write'] },
  });
  expect(code).toBe(2);
  expect(cells).toMatchObject([
    { status: 'unknown', states: 0, why: expect.stringContaining('nothing else is stored on data') },
  ]);
});

it('a fault for which the subject asks nothing makes the claim unknown', async () => {
  const { cells } = await run({
    subject: { module: fixture('fickle.js'), options: { never: true } },
    workload: { operations: 1, batch: 0 },
    claims: { availability: ['fsync-error'] },
  });
  expect(cells).toMatchObject([
    { status: 'unknown', states: 0, why: 'The subject asked for nothing that fsync-error can befall.' },
  ]);
});
