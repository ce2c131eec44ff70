import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programPath } from '../../src/program.ts';
import { ownerId } from './owner.ts';

/**
 * A lane's directory that a Docker engine sees, with all that is mounted in it: a memory file system of the mount namespace
 * that powercut was started in, shared, so that what is mounted in it later shows in containers, too.
 */
export interface Workspace {
  readonly directory: string;
  /** Removes the containers, the mounts and the directory. Settles when they are gone. */
  close(): Promise<void>;
}

/** This process's containers go when its workspace does, which is with the process at the latest (keeper.ts). */
export async function openWorkspace(): Promise<Workspace> {
  const directory = mkdtempSync(join(tmpdir(), 'powercut-lane-'));
  const keeper = spawn(process.execPath, [programPath('harness/container/keeper'), directory, ownerId()], {
    // Ctrl-C in a terminal is not for it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  keeper.stdin.on('error', () => {
    // It is gone; `gone` says so.
  });
  const gone = once(keeper, 'close');
  const ready = await Promise.race([once(keeper.stdout, 'data').then(() => true), gone.then(() => false)]);
  if (!ready) throw new Error(`there is no directory that a Docker engine could see: ${stderr.trim()}`);
  return {
    directory,
    async close() {
      keeper.stdin.end();
      const [code] = await gone;
      if (code !== 0) throw new Error(`containers or mounts could not be removed: ${stderr.trim()}`);
    },
  };
}
