import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { restFaults } from './at-rest.ts';
import { Workplace } from './fixtures/cli.ts';
import { loadScenario } from './load-scenario.ts';
import { isInPath } from './programs.ts';
import type { LoadedScenario } from './scenario.ts';

const fuse = await probeFuse();
const folder = fileURLToPath(new URL('../scenarios', import.meta.url));

async function load(path: string): Promise<LoadedScenario[]> {
  const files = readdirSync(path).filter((name) => name.endsWith('.yaml'));
  return Promise.all(files.map((name) => loadScenario(join(path, name))));
}

interface Expectation {
  readonly name: string;
  readonly loaded: LoadedScenario;
}

const named = (all: readonly LoadedScenario[]): Expectation[] =>
  all.map((loaded) => ({ name: loaded.scenario.name, loaded }));

const planted = await load(join(folder, 'canaries'));
const others = (await load(folder)).filter(({ scenario }) => !scenario.name.startsWith('reference-wal'));
const programs = { sqlite: 'sqlite3', git: 'git' } as const;
const there = named(others).filter(({ name }) =>
  Object.entries(programs).every(([family, program]) => !name.startsWith(family) || isInPath(program)),
);

/** A planted bug is found where its scenario says, and its witness shows again from the token and from the file. */
async function findAgain({ loaded: { scenario, file } }: Expectation): Promise<void> {
  const { canary } = scenario;
  if (canary === undefined) throw new Error(`${scenario.name} is no canary`);
  using work = new Workplace();
  const { code } = await work.powercut(
    'run',
    resolve(file),
    '--states',
    file.includes('canaries') ? '1000' : '200',
  );
  const verdict = work.scenario();
  expect(verdict.canary).toMatchObject({ found: true });
  expect(code).toBe(0);
  const finding = verdict.findings.find(
    ({ claim, fault }) => claim === canary.breaks && fault === canary.under,
  );
  if (finding === undefined) throw new Error(`nothing was found where ${scenario.name} says`);
  expect(finding.permittedBy).not.toEqual([]);
  const replays = [finding.replay.token, join('reports', 'runs', 'latest', finding.replay.file)];
  for (const again of await Promise.all(replays.map((replayed) => work.powercut('replay', replayed)))) {
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('Violated: ') });
  }
  expect(work.leftovers()).toEqual([]);
  console.log(
    `${scenario.name}: found after ${verdict.canary?.states} states, ${work.verdict().timing.seconds} s`,
  );
  if (scenario.name === 'sqlite-rollback-off') {
    const operations = finding.timeline.filter(({ kind }) => kind === 'operation').length;
    expect(operations).toBeLessThanOrEqual(10);
  }
}

/** What claims no more than it keeps gives no false alarm. */
async function holds({ loaded: { scenario, file } }: Expectation): Promise<void> {
  using work = new Workplace();
  const { code, stderr } = await work.powercut('run', resolve(file), '--states', '60');
  const { findings, cells, explorations } = work.scenario();
  expect(findings.map(({ summary }) => summary)).toEqual([]);
  expect(cells.filter(({ status }) => status === 'unknown')).toEqual([]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  if (scenario.explore.sweep === 'each-unit') {
    const swept = explorations.filter(({ fault }) => restFaults.some((one) => one === fault));
    expect(swept.filter(({ exhaustive }) => !exhaustive)).toEqual([]);
    expect(Math.max(...swept.map(({ states }) => states))).toBeGreaterThan(60);
  }
  expect(work.leftovers()).toEqual([]);
}

const isCanary = ({ loaded }: Expectation) => loaded.scenario.canary !== undefined;

describe.skipIf(!fuse.available)('a planted bug is found, and its witness shows again', () => {
  it.each(named(planted).filter(isCanary))('$name', findAgain);
});

describe.skipIf(!fuse.available)('a claim that the documentation does not make is refuted', () => {
  it.each(there.filter(isCanary))('$name', findAgain);
});

describe.skipIf(!fuse.available)('what is claimed is kept', () => {
  it.each([...named(planted), ...there].filter((one) => !isCanary(one)))('$name', holds);
});
