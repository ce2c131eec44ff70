import { execFileSync } from 'node:child_process';

/** Tests start compiled programs (the daemon, drivers): build what is not up to date. */
export function setup(): void {
  execFileSync('npx', ['tsc', '-p', '.'], { stdio: 'inherit' });
}
