import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuseDevice, keepMount } from './mount.ts';

export type FuseProbe =
  | { readonly available: true; readonly how: 'as root' | 'in a user namespace' }
  | { readonly available: false; readonly why: string; readonly remedy: string };

/** Mounts, really, and lets go of it: can {@link openFuseLayer} work in this process? */
export async function probeFuse(): Promise<FuseProbe> {
  const directory = await mkdtemp(join(tmpdir(), 'powercut-probe-'));
  try {
    const mount = keepMount(directory, ['true']);
    const end = await mount.gone;
    if (!end.startsWith('could not mount')) {
      return { available: true, how: (await inUserNamespace()) ? 'in a user namespace' : 'as root' };
    }
    return { available: false, why: end, remedy: remedyFor(end) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The first user namespace maps every user onto itself. */
async function inUserNamespace(): Promise<boolean> {
  const map = await readFile('/proc/self/uid_map', 'utf8').catch(() => '');
  return !/^\s*0\s+0\s+4294967295\s*$/.test(map);
}

function remedyFor(why: string): string {
  const device = fuseDevice();
  if (why.includes(device)) {
    return `${device} must be there and open to this user: modprobe fuse, chmod 666 ${device}; in a container, start it with --device /dev/fuse`;
  }
  if (process.getuid?.() !== 0) {
    return 'run powercut as root, or in a user namespace: unshare -Urmpf --kill-child --mount-proc powercut ...';
  }
  return 'mounting must be allowed; in a container, start it with --cap-add SYS_ADMIN --security-opt apparmor=unconfined';
}
