import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heedingSignals } from './init.ts';

describe('heedingSignals', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'powercut-signals-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function run(signals: string, ...command: string[]): string {
    const file = join(directory, "the host's");
    writeFileSync(file, signals);
    return spawnSync('sh', ['-c', `${heedingSignals(command, file)}\necho $?`]).stdout.toString();
  }

  // In the background of a shell a program starts deaf to SIGINT, and this one stays so: it would sleep on, and answer 0.
  it.each([
    ['INT', 130],
    ['TERM', 143],
  ])('SIG%s comes to a command that has not said yet what it does about it', (name, code) => {
    expect(run(`${name}\n`, 'sleep', '20')).toBe(`${code}\n`);
  });

  it('answers what the command answers, and hands it its parameters as they are', () => {
    expect(run('', 'sh', '-c', 'echo "$1"; exit 3', 'sh', "it's $HOME")).toBe("it's $HOME\n3\n");
  });
});
