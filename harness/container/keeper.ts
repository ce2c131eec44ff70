import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { rmdirSync } from 'node:fs';
import { connect, messageOf } from './engine.ts';
import { removeContainersOf } from './owner.ts';

/**
 * The keeper of a lane's workspace, a process of its own: `keeper DIRECTORY OWNER`. It mounts, and waits for the end of stdin,
 * which comes with the end of the lane, whatever killed it. Then it removes the owner's containers, and after them, since
 * they hold on to it, the mount with all that is mounted in it; the mount also where the engine does not remove them.
 */
const [, , directory = '', owner = ''] = process.argv;

/** For the engine's answer, and for the end of the containers. */
const patienceMs = 10_000;

async function main(): Promise<void> {
  // Whoever ends a process group ends the lane, too: stdin tells.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  try {
    run('mount', '-t', 'tmpfs', '-o', 'mode=0755', 'powercut', directory);
    try {
      await keep();
    } finally {
      run('umount', '--lazy', directory);
    }
  } finally {
    rmdirSync(directory);
  }
}

async function keep(): Promise<void> {
  run('mount', '--make-shared', directory);
  process.stdout.write('ready\n');
  await once(process.stdin.resume(), 'end');
  await removeContainersOf(connect(patienceMs), owner, patienceMs);
}

/** What it says is in the error, where it fails. */
function run(program: string, ...parameters: readonly string[]): void {
  execFileSync(program, parameters, { stdio: 'pipe' });
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
