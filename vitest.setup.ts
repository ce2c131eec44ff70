import { spawnSync } from 'node:child_process';

/** Tests start compiled programs (the daemon, drivers): bring them up to date. Type errors are `npm run build`'s to judge. */
export function setup(): void {
  spawnSync('npx', ['tsc', '-p', '.'], { stdio: 'ignore' });
}
