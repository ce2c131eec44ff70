import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headline } from '../reports/headline.ts';
import type { Verdict } from '../reports/verdict.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { loadCanary } from './canary.ts';
import { Workplace } from './fixtures/cli.ts';
import { loadScenario } from './load-scenario.ts';
import { packageRoot } from './package.ts';
import { runScenarios } from './run.ts';
import type { LoadedScenario } from './scenario.ts';

const fuse = await probeFuse();
const program = join(packageRoot, 'scenarios', 'litmus', 'create-fsync-directory.yaml');

describe.each(['sim', 'fuse'])('on the %s layer', (layer) => {
  describe.skipIf(layer === 'fuse' && !fuse.available)('a run with --canary', () => {
    it('finds a known bug there, says after how many states, and keeps nothing of its story', async () => {
      using work = new Workplace();
      const { code, stdout } = await work.powercut('run', program, '--canary', '--layer', layer);
      expect(code).toBe(0);
      expect(stdout.replace(/\s+/g, ' ')).toMatch(
        new RegExp(`ack-before-fsync-on-${layer} found: .* \\(it took \\d+ states?`),
      );
      const { status, scenarios, timing } = work.verdict();
      expect(status).toBe('held');
      expect(scenarios.map(({ name, canary, findings }) => [name, canary?.found, findings])).toEqual([
        ['create-fsync-directory', undefined, []],
        [`ack-before-fsync-on-${layer}`, true, []],
      ]);
      expect(Object.keys(timing.scenarios)).toContain(`ack-before-fsync-on-${layer}`);
      expect(readdirSync(join(work.directory, 'reports', 'runs', 'latest')).sort()).toEqual([
        'history.ndjson',
        'junit.xml',
        'report.html',
        'report.md',
        'verdict.json',
      ]);
      expect(work.leftovers()).toEqual([]);
    });
  });
});

it.each([
  [{ CI: 'true' }, [], 2],
  [{ CI: 'true' }, ['--no-canary'], 1],
  [{ CI: '' }, [], 1],
])('with %j and %j the verdict has %i scenarios', async (environment, flags, count) => {
  using work = new Workplace();
  work.environment = environment;
  await work.powercut('run', program, '--layer', 'sim', ...flags);
  expect(work.verdict().scenarios).toHaveLength(count);
});

/** In this process, with a canary of the test's. */
async function runWith(canary: LoadedScenario): Promise<Verdict> {
  const outputDirectory = mkdtempSync(join(tmpdir(), 'powercut-canary-'));
  try {
    const { signal } = new AbortController();
    return await runScenarios(
      [await loadScenario(program)],
      { seed: 1, jobs: 1, layer: 'sim', doubleCheck: false, outputDirectory, signal, canary },
      () => {},
    );
  } finally {
    rmSync(outputDirectory, { recursive: true });
  }
}

it('a run in which the known bug is not found is worthless, and says so', async () => {
  const { scenario, ...from } = await loadCanary();
  const subject = { ...scenario.subject, options: { variant: 'honest' } };
  const missed = await runWith({ ...from, scenario: { ...scenario, subject } });
  expect(missed.status).toBe('unknown');
  expect(headline(missed).sentence).toContain(
    'This run is worthless: the known bug of ack-before-fsync-on-sim',
  );
});
