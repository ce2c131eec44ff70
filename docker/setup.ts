import { existsSync } from 'node:fs';
import { $ } from 'zx';
import { installText, isInPath, packageOf } from '../harness/programs.ts';

/**
 * Gets the system's programs that the tests use: installs what is missing where this is root on Debian or Ubuntu, else
 * says what to run. Never fails: a test without its program is skipped, and run-tests.ts tells which.
 */
const programs = [
  'mount',
  'unshare',
  'setpriv',
  'taskset',
  'sqlite3',
  'git',
  'python3',
  'mkfs.ext4',
  'mkfs.xfs',
  'mkfs.btrfs',
  'dmsetup',
  'qemu-system-x86_64',
];

export async function setUp(say: (text: string) => void): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  const modules = { fuse: '/dev/fuse', loop: '/dev/loop-control' };
  for (const [module, device] of Object.entries(modules))
    if (!existsSync(device) && isRoot) await $({ nothrow: true, quiet: true })`modprobe ${module}`;
  const missing = programs.filter((program) => !isInPath(program));
  if (missing.length === 0) {
    say(`set-up: ${programs.join(', ')} are there`);
  } else if (isRoot && isInPath('apt-get')) {
    await install(missing, say);
  } else {
    say(
      `set-up: ${missing.join(', ')} missing; tests that need them are skipped. To get them:\n  ${installText(...missing)}`,
    );
  }
}

async function install(missing: readonly string[], say: (text: string) => void): Promise<void> {
  const packages = [...new Set(missing.map((program) => packageOf(program, 'apt-get')))];
  say(`set-up: installing ${packages.join(', ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const shell = $({ env: environment, stdio: ['ignore', 'ignore', 'pipe'], nothrow: true, timeout: '5m' });
  const steps = [
    () => shell`apt-get -q update`,
    () => shell`apt-get -q -y --no-install-recommends install ${packages}`,
  ];
  for (const step of steps) {
    const { ok, stderr } = await step();
    if (!ok)
      say(`set-up: apt-get failed; tests that need ${missing.join(', ')} are skipped:\n${stderr.trim()}`);
  }
}
