import { existsSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type BlockProbe =
  | { readonly available: true }
  | { readonly available: false; readonly why: string; readonly remedy: string };

const inContainer = 'in a container, start it with --privileged';

/** Attaches a small file to a loop device, and lets go of it: can the block layer, which needs the fuse layer too, work in this process? */
export async function probeBlock(): Promise<BlockProbe> {
  if (process.getuid?.() !== 0)
    return { available: false, why: 'not root', remedy: 'run powercut as root (sudo)' };
  if (!existsSync('/dev/loop-control'))
    return {
      available: false,
      why: '/dev/loop-control is not there',
      remedy: `modprobe loop; ${inContainer}`,
    };
  const directory = await mkdtemp(join(tmpdir(), 'powercut-probe-'));
  try {
    const file = join(directory, 'disk');
    await writeFile(file, '');
    await truncate(file, 1024 * 1024);
    const { attachLoop } = await import('./loop.ts');
    attachLoop(file).release();
    return { available: true };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { available: false, why, remedy: `run powercut as root (sudo); ${inContainer}` };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
