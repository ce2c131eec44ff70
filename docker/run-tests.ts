import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { type Check, examine } from '../harness/doctor.ts';
import { startEngine } from './engine.ts';
import { setUp } from './setup.ts';
import { parseTestReport, summarise } from './test-summary.ts';

/**
 * What `npm test` runs after the build: set-up, lint, all tests, then what was skipped and why. Arguments go to vitest.
 * Answers 1 where a test failed, or was skipped although this machine has what it needs.
 */
const asTestsSeeIt = (check: Check): Check =>
  check.name === 'fuse' && process.getuid?.() !== 0
    ? { ...check, ready: false, detail: 'the tests mount as root only' }
    : check;
const say = (text: string) => process.stdout.write(`${text}\n`);
const shown = $({ stdio: ['ignore', 'inherit', 'inherit'], nothrow: true });

// Ctrl-C ends what runs; what was started is ended then as after any other run.
process.on('SIGINT', () => {}).on('SIGTERM', () => {});
await setUp(say);
const stopEngine = await startEngine(say);
const directory = mkdtempSync(join(tmpdir(), 'powercut-tests-'));
try {
  const lint = await shown`npx biome check .`;
  const file = join(directory, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const tests = await shown`npx vitest run ${reporters} ${process.argv.slice(2)}`;
  const checks = (await examine()).map(asTestsSeeIt);
  const summary = summarise(parseTestReport(readFileSync(file, 'utf8')), checks, process.cwd());
  say(summary.text);
  process.exitCode = lint.ok && tests.ok && summary.ok ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true });
  await stopEngine();
}
