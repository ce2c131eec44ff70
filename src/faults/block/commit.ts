import { closeSync, fsyncSync, futimesSync, openSync } from 'node:fs';
import type { FileSystem } from './file-systems.ts';
import { ioctl } from './system-calls.ts';

/** linux/btrfs.h: BTRFS_IOC_START_SYNC, BTRFS_IOC_WAIT_SYNC, on a transaction's number (u64). */
const startSync = 0x80089418;
const waitSync = 0x40089416;

/**
 * What the file system's own timer does every 5 to 30 seconds: commits all metadata that has changed, and no data but what the commit itself
 * waits for. `directory`: the root of the mount. ext4 and xfs have one journal, and a barrier on any inode that is in its open
 * transaction commits all of it. A barrier would put a single inode into btrfs's tree log: it is asked for a commit.
 */
export function commitMetadata(directory: string, { type }: FileSystem): void {
  const root = openSync(directory, 'r');
  try {
    if (type === 'btrfs') {
      const transaction = new Uint8Array(8);
      ioctl(root, startSync, transaction);
      ioctl(root, waitSync, transaction);
    } else {
      futimesSync(root, 0, 0);
      fsyncSync(root);
    }
  } finally {
    closeSync(root);
  }
}
