import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('setup.sh', import.meta.url));
/** Gives what follows a /run of its own, in which it finds a pid left behind. */
const own = 'mount -t tmpfs none /run && mkdir /run/powercut-engine && echo "$1" > /run/powercut-engine/pid';
const canMount = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/run']).status === 0;

it.skipIf(!canMount)('a pid that an engine left behind, and another process has, is left alone', async () => {
  const other = spawn('sleep', ['600'], { stdio: 'ignore' });
  const ended = once(other, 'exit');
  try {
    const shell = `${own} && sh "$2" stop && [ ! -e /run/powercut-engine ]`;
    const { status } = spawnSync('unshare', ['--mount', 'sh', '-c', shell, 'sh', `${other.pid}`, script]);
    expect(status).toBe(0);
  } finally {
    other.kill('SIGKILL');
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
});
