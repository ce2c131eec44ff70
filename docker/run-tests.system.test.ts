import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../harness/fixtures/cli.ts';
import { processesWith } from '../harness/subject/fixtures/processes.ts';
import { programPath } from '../src/program.ts';

/** A machine on which nothing can be installed, lint has nothing to say, and the tests never end. */
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-test-'));
  for (const name of ['bin', 'tmp']) mkdirSync(join(directory, name));
  for (const name of ['bash', 'sh', 'sleep']) symlinkSync(`/bin/${name}`, join(directory, 'bin', name));
  const npx = join(directory, 'bin', 'npx');
  writeFileSync(npx, '#!/bin/sh\n[ "$1" = vitest ] || exit 0\necho the tests run\nsleep 600\necho the end\n');
  chmodSync(npx, 0o755);
});
afterEach(() => {
  for (const pid of processes()) process.kill(pid, 'SIGKILL');
  rmSync(directory, { recursive: true });
});

const mark = 'POWERCUT_TEST_RUN';
const processes = () => processesWith(mark, directory);

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s ends the tests, and what was started',
  async (signal) => {
    const run = spawn(process.execPath, [programPath('docker/run-tests')], {
      cwd: directory,
      env: {
        PATH: join(directory, 'bin'),
        TMPDIR: join(directory, 'tmp'),
        DOCKER_HOST: 'unix:///nonexistent',
        [mark]: directory,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(run, 'close');
    const said = text(run.stdout);
    run.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('the tests run')) run.kill(signal);
    });
    expect(await ended).toEqual([1, null]);
    expect(await said).toMatch(new RegExp(`the tests run\n${signal} ended the tests\n$`));
    await until(() => processes().length === 0);
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  },
);
