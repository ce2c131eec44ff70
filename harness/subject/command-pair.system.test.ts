import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runChecker, runWorkload } from './command-pair.ts';
import { openDescriptors, processesWith } from './fixtures/processes.ts';

let directory: string;
let runs = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-pair-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function shell(script: string, timeoutMs = 30_000) {
  const run = `${process.pid}-pair-${++runs}`;
  return {
    options: {
      command: ['sh', '-c', script],
      directories: new Map([['data', directory]]),
      environment: { TEST_RUN: run },
      timeoutMs,
    },
    alive: () => processesWith('TEST_RUN', run),
  };
}

describe('runWorkload', () => {
  async function work(script: string, timeoutMs?: number) {
    const lines: string[] = [];
    const { options, alive } = shell(script, timeoutMs);
    const outcome = await runWorkload({ ...options, onLine: (line) => lines.push(line) });
    expect(alive()).toEqual([]);
    return { ...outcome, printed: lines };
  }

  test('reports each complete line, and runs in the volume', async () => {
    const { end, printed, stderr, lines } = await work('pwd; echo two; printf unfinished; echo oh >&2');
    expect(end).toEqual({ kind: 'exited', code: 0, stragglers: 0 });
    expect(printed).toEqual([directory, 'two']);
    expect(lines).toBe(2);
    expect(stderr).toBe('oh\n');
  });

  test('reports lines as they come, not at the end', async () => {
    const { options } = shell('echo ready; exec sleep 600');
    const stop = new AbortController();
    const outcome = await runWorkload({ ...options, signal: stop.signal, onLine: () => stop.abort() });
    expect(outcome).toMatchObject({ end: { kind: 'aborted' }, lines: 1 });
  });

  test('tells its process group, so that it can be killed', async () => {
    const { options } = shell('sleep 600; sleep 600');
    const outcome = await runWorkload({
      ...options,
      onLine: () => {},
      onStart: (group) => process.kill(-group, 'SIGKILL'),
    });
    expect(outcome.end).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  });

  test('says how it ended', async () => {
    expect((await work('exit 7')).end).toMatchObject({ kind: 'exited', code: 7 });
    expect((await work('kill -SEGV $$')).end).toMatchObject({ kind: 'killed', signal: 'SIGSEGV' });
    expect((await work('sleep 600', 300)).end).toEqual({ kind: 'hung' });
    expect((await work('while :; do echo line; sleep 0.01; done', 300)).end).toEqual({ kind: 'hung' });
    expect((await work('yes')).end).toEqual({ kind: 'flooded' });
    expect((await work('exec cat /dev/zero')).end).toEqual({ kind: 'flooded' });
  });

  test('waits for the output that children still hold, by ending them', async () => {
    const { end, printed } = await work('sleep 600 & echo done');
    expect(end).toEqual({ kind: 'exited', code: 0, stragglers: 1 });
    expect(printed).toEqual(['done']);
  });
});

describe('runChecker', () => {
  async function check(script: string, ackedLines: readonly string[] = [], timeoutMs?: number) {
    const { options, alive } = shell(script, timeoutMs);
    const ackedFile = join(directory, 'acked');
    const outcome = await runChecker({ ...options, ackedLines, ackedFile });
    expect(alive()).toEqual([]);
    return outcome;
  }

  test('exit 0 is fine, exit 1 is violated with the last line as the reason', async () => {
    expect(await check('echo all good')).toEqual({ verdict: 'fine', explanation: 'all good', stderr: '' });
    expect(await check('echo first; echo key 3 is gone; exit 1')).toMatchObject({
      verdict: 'violated',
      explanation: 'key 3 is gone',
    });
    expect(await check('echo only stderr >&2; exit 1')).toMatchObject({
      verdict: 'violated',
      explanation: 'only stderr',
      stderr: 'only stderr\n',
    });
  });

  test('reads exactly the acknowledged lines', async () => {
    const script = 'test "$(cat "$POWERCUT_ACKED")" = "$(printf "a b\\nc")"';
    expect((await check(script, ['a b', 'c'])).verdict).toBe('fine');
    expect((await check('test ! -s "$POWERCUT_ACKED"')).verdict).toBe('fine');
  });

  test('may name the claims that are broken', async () => {
    const outcome = await check('echo "violated: durability 3 is gone"; echo "violated: order"; exit 1');
    expect(outcome).toMatchObject({
      verdict: 'violated',
      explanation: '3 is gone',
      claims: [
        { claim: 'durability', explanation: '3 is gone' },
        { claim: 'order', explanation: 'the checker found order violated' },
      ],
    });
  });

  test.each([
    ['exit 2', 'exit 2, which is neither 0 (fine) nor 1 (violated)'],
    ['echo cannot read >&2; exit 127', 'exit 127, which is neither 0 (fine) nor 1 (violated): cannot read'],
    ['kill -KILL $$', 'killed by SIGKILL'],
    ['sleep 600', 'did not end within 0.3 s'],
    ['exec cat /dev/zero', 'printed more than 1048576 bytes'],
    ['sleep 600 & exit 0', '1 of its processes still running'],
    ['setsid sleep 600 </dev/null >/dev/null 2>&1 & sleep 0.1; exit 1', '1 of its processes still running'],
    ['echo "violated: luck ran out"; exit 1', 'says "violated: luck ran out", and a claim was expected'],
    ['echo "violated: order"; exit 0', 'yet exits 0'],
  ])('%s: judged nothing', async (script, why) => {
    const outcome = await check(script, [], script === 'sleep 600' ? 300 : undefined);
    expect(outcome.verdict).toBe('unknown');
    expect(outcome.explanation).toContain(why);
  });

  test('a checker that cannot be started has judged nothing', async () => {
    const { options } = shell('');
    const outcome = await runChecker({
      ...options,
      command: ['/no/such/checker'],
      ackedLines: [],
      ackedFile: join(directory, 'acked'),
    });
    expect(outcome).toMatchObject({
      verdict: 'unknown',
      explanation: expect.stringContaining('cannot start /no/such/checker'),
    });
  });

  test('many in a row leave no descriptor and no timer behind', async () => {
    const before = openDescriptors();
    for (let round = 0; round < 20; round++) await check('exit 0');
    expect(openDescriptors()).toBeLessThanOrEqual(before);
    expect(readdirSync(directory)).toEqual(['acked']);
    expect(process.getActiveResourcesInfo().filter((name) => name === 'ChildProcess')).toEqual([]);
  });
});
