import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runChecker, runWorkload } from '../../../harness/subject/command-pair.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-git-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function script(name: string, environment: Record<string, string> = {}) {
  return {
    command: ['sh', fileURLToPath(new URL(name, import.meta.url))],
    directories: new Map([['data', directory]]),
    environment,
    timeoutMs: 30_000,
  };
}

async function work(environment: Record<string, string> = {}): Promise<string[]> {
  const lines: string[] = [];
  for (const name of ['prepare', 'workload']) {
    const outcome = await runWorkload({ ...script(name, environment), onLine: (line) => lines.push(line) });
    expect(outcome).toMatchObject({ end: { kind: 'exited', code: 0, stragglers: 0 } });
  }
  return lines;
}

const check = (ackedLines: readonly string[]) =>
  runChecker({ ...script('checker'), ackedLines, ackedFile: join(directory, 'acked') });

test('the same commits each time, and all of them are found', async () => {
  const ids = await work();
  expect(ids).toHaveLength(3);
  expect(await check(ids)).toMatchObject({ verdict: 'fine' });
  rmSync(join(directory, 'repository'), { recursive: true });
  expect(await work()).toEqual(ids);
});

test('the configuration reaches the repository', async () => {
  await work({ CORE_FSYNC: 'all' });
  expect(readFileSync(join(directory, 'repository/.git/config'), 'latin1')).toMatch(
    /fsync = all\n\tfsyncMethod = fsync/,
  );
});

test('a lost commit breaks durability', async () => {
  const [first = '', second = '', third = ''] = await work();
  writeFileSync(join(directory, 'repository/.git/refs/heads/main'), `${first}\n`);
  expect(await check([first])).toMatchObject({ verdict: 'fine' });
  expect(await check([first, second, third])).toMatchObject({
    verdict: 'violated',
    claims: [{ claim: 'durability' }, { claim: 'durability' }],
    explanation: expect.stringContaining(second),
  });
});

test('an empty object breaks integrity, an empty ref also availability', async () => {
  const [, , last = ''] = await work();
  const object = join(directory, 'repository/.git/objects', last.slice(0, 2), last.slice(2));
  execFileSync('chmod', ['u+w', object]);
  writeFileSync(object, '');
  const damaged = await check([last]);
  expect(damaged.verdict).toBe('violated');
  expect(damaged.claims?.map(({ claim }) => claim)).toContain('integrity');
  writeFileSync(join(directory, 'repository/.git/refs/heads/main'), '');
  const gone = await check([last]);
  expect(gone.claims?.map(({ claim }) => claim)).toEqual(
    expect.arrayContaining(['availability', 'durability']),
  );
});
