import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { rmdirSync } from 'node:fs';
import { connect, messageOf } from './engine.ts';
import { removeContainersOf } from './owner.ts';

/**
 * The keeper of a lane's workspace, a process of its own: `keeper DIRECTORY OWNER`. It mounts, and waits for the end of stdin,
 * which comes with the end of the lane, whatever killed it. Then it removes the owner's containers, and after them, since
 * they hold on to it, the mount with all that is mounted in it.
 */
const [, , directory = '', owner = ''] = process.argv;

async function main(): Promise<void> {
  // Whoever ends a process group ends the lane, too: stdin tells.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  try {
    mount();
    process.stdout.write('ready\n');
    await once(process.stdin.resume(), 'end');
    await removeContainersOf(connect(), owner);
  } finally {
    unmount();
  }
}

function mount(): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'powercut', directory]);
  execFileSync('mount', ['--make-shared', directory]);
}

function unmount(): void {
  execFileSync('umount', ['--lazy', directory]);
  rmdirSync(directory);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
