import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programPath } from '../../src/program.ts';
import { FakeEngine, neverRemoves } from './fixtures/fake-engine.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-test-'));
  mkdirSync(join(directory, 'workspace'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** A keeper whose `mount` and `umount` are shell scripts, and whose lane ends when it is ready. */
async function keep({ mount, host }: { readonly mount: string; readonly host: string }) {
  const workspace = join(directory, 'workspace');
  const calls = join(directory, 'calls');
  for (const [name, script] of Object.entries({ mount, umount: '' })) {
    const file = join(directory, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> ${calls}\n${script}\n`);
    chmodSync(file, 0o755);
  }
  const keeper = spawn(process.execPath, [programPath('harness/container/keeper'), workspace, 'me'], {
    env: { ...process.env, PATH: `${directory}${delimiter}${process.env.PATH}`, DOCKER_HOST: host },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  keeper.stdout.once('data', () => keeper.stdin.end());
  const [stderr, [code]] = await Promise.all([text(keeper.stderr), once(keeper, 'close')]);
  return { code, stderr, calls: readFileSync(calls, 'utf8').replaceAll(workspace, 'DIR').trim().split('\n') };
}

const mounts = ['mount -t tmpfs -o mode=0755 powercut DIR', 'mount --make-shared DIR'];

describe('the keeper of a workspace', () => {
  it.each([
    ['does not answer', () => undefined, /did not answer GET \/containers\/json within 10 s/],
    ['does not remove its containers', neverRemoves, /did not remove its containers.* within 10 s/],
  ])('unmounts it, although the Docker engine %s', async (_, answer, complaint) => {
    using engine = await FakeEngine.start(answer);
    const { code, stderr, calls } = await keep({ mount: '', host: engine.host });
    expect(stderr).toMatch(complaint);
    expect(code).toBe(1);
    expect(calls).toEqual([...mounts, 'umount --lazy DIR']);
    expect(existsSync(join(directory, 'workspace'))).toBe(false);
  });

  it('that cannot mount it says why, and leaves no directory', async () => {
    const mount = 'echo mount: permission denied >&2; exit 32';
    const { code, stderr, calls } = await keep({ mount, host: 'unix:///nonexistent' });
    expect(stderr).toContain('mount: permission denied');
    expect(stderr).not.toContain('umount');
    expect(code).toBe(1);
    expect(calls).toEqual(mounts.slice(0, 1));
    expect(existsSync(join(directory, 'workspace'))).toBe(false);
  });

  it('unmounts what it mounted and cannot share', async () => {
    const mount = '[ "$1" != --make-shared ] || exit 32';
    const { code, calls } = await keep({ mount, host: 'unix:///nonexistent' });
    expect(code).toBe(1);
    expect(calls).toEqual([...mounts, 'umount --lazy DIR']);
    expect(existsSync(join(directory, 'workspace'))).toBe(false);
  });
});
