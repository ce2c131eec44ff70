import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { type Check, examine } from '../harness/doctor.ts';
import { startEngine } from './engine.ts';
import { setUp } from './setup.ts';
import { parseTestReport, type Summary, summarise } from './test-summary.ts';

/**
 * What `npm test` runs after the build: lint, set-up, all tests, then what was skipped and why. Arguments go to vitest.
 * Answers 1 where lint or a test failed, or a test was skipped although this machine has what it needs.
 */
const asTestsSeeIt = (check: Check): Check =>
  check.name === 'fuse' && process.getuid?.() !== 0
    ? { ...check, ready: false, detail: 'the tests mount as root only' }
    : check;
const say = (text: string) => process.stdout.write(`${text}\n`);
const shown = $({ stdio: ['ignore', 'inherit', 'inherit'], nothrow: true });

// Ctrl-C ends what runs; what was started is ended then as after any other run.
process.on('SIGINT', () => {}).on('SIGTERM', () => {});
const lint = await shown`npx biome check .`;
if (!lint.ok) {
  say('lint failed, so no test was run: `npm run format` mends most of what is said above');
  process.exit(1);
}
await setUp(say);
const { ok, text } = await test();
say(text);
process.exitCode = ok ? 0 : 1;

async function test(): Promise<Summary> {
  const stopEngine = await startEngine(say);
  const directory = mkdtempSync(join(tmpdir(), 'powercut-tests-'));
  try {
    const file = join(directory, 'vitest.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const tests = await shown`npx vitest run ${reporters} ${process.argv.slice(2)}`;
    const checks = (await examine()).map(asTestsSeeIt);
    const summary = summarise(parseTestReport(readFileSync(file, 'utf8')), checks, process.cwd());
    return { ...summary, ok: tests.ok && summary.ok };
  } finally {
    rmSync(directory, { recursive: true });
    await stopEngine();
  }
}
