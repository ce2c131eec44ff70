import { spawn } from 'node:child_process';
import { tryProgram } from './programs.ts';

/** Where an ordinary user is root, over files of its own and mounts that nobody else sees: enough for FUSE. */
export const userNamespace: readonly [string, ...string[]] = ['unshare', '-Urm'];

/**
 * Runs this process again in a user namespace, where this user cannot mount but could there, and answers its exit code.
 * Undefined where that is not so: as root, inside such a namespace, or where the system does not allow one.
 */
export async function againInUserNamespace(): Promise<number | undefined> {
  const [unshare, ...flags] = userNamespace;
  if (process.getuid === undefined || process.getuid() === 0) return undefined;
  if (!(await tryProgram(unshare, [...flags, 'true'])).ok) return undefined;
  // It ends when this process does, however that ends; a group of its own, so that Ctrl-C comes once, from here.
  const survivesNobody = ['setpriv', '--pdeathsig', 'SIGTERM'];
  const child = spawn(
    unshare,
    [...flags, ...survivesNobody, process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', detached: true },
  );
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}
