import { FileStorage } from '../file-storage.ts';
import { ringCounters, shareRing } from './shared-ring.ts';
import { UringFile } from './uring-file.ts';

/**
 * Files whose durable writes go through an io_uring. Rejects with `unsupported` where the kernel has none. `unitBytes`: what O_DIRECT takes
 * multiples of there, undefined where it is refused.
 */
export async function openUringStorage(
  root: string,
  unitBytes: number | undefined,
  why: string,
): Promise<FileStorage> {
  // Now rather than with the first file: the choice is refused where it is made.
  (await shareRing()).release();
  return new FileStorage(root, {
    backend: { name: 'uring', why, counters: () => ({ ...ringCounters() }) },
    openFile: async (opened) => {
      const { ring, release } = await shareRing();
      return new UringFile(opened, ring, unitBytes, release);
    },
  });
}
