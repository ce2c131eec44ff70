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
 * Answers 1 where lint or a test failed, a test was skipped although this machine has what it needs, or a signal ended the run.
 */
const asTestsSeeIt = (check: Check): Check =>
  check.name === 'fuse' && process.getuid?.() !== 0
    ? { ...check, ready: false, detail: 'the tests mount as root only' }
    : check;
const say = (text: string) => process.stdout.write(`${text}\n`);

// A signal ends what runs; what was started is ended then as after any other run.
const interruption = new AbortController();
const { signal: interrupted } = interruption;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort(name));
// In a process group of its own, which ends as a whole, whether a terminal sent the signal or somebody to this process alone.
const shown = $({
  stdio: ['ignore', 'inherit', 'inherit'],
  nothrow: true,
  detached: true,
  signal: interrupted,
});

const lint = await shown`npx biome check .`;
if (!lint.ok) {
  say(
    interrupted.aborted
      ? endedText()
      : 'lint failed, so no test was run: `npm run format` mends most of what is said above',
  );
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
    if (interrupted.aborted) return { ok: false, text: endedText() };
    const checks = (await examine()).map(asTestsSeeIt);
    const summary = summarise(parseTestReport(readFileSync(file, 'utf8')), checks, process.cwd());
    return { ...summary, ok: tests.ok && summary.ok };
  } finally {
    rmSync(directory, { recursive: true });
    await stopEngine();
  }
}

function endedText(): string {
  return `${interrupted.reason} ended the tests`;
}
