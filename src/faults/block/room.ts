import { statfsSync } from 'node:fs';

/** More than a journal's replay and a recovery write. */
const roomMin = 16 * 1024 * 1024;

/**
 * Throws where the file system that holds sparse disks is nearly full: a disk that cannot take what the kernel writes looks like a broken one,
 * and nobody who works on it is to blame.
 */
export function checkRoom(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  const left = bavail * bsize;
  if (left >= roomMin) return;
  const megabytes = (bytes: number) => Math.floor(bytes / 1024 / 1024);
  throw new Error(
    `${directory}, which holds the disks of crash images, has ${megabytes(left)} MiB left, and ${megabytes(roomMin)} MiB are the least to judge one fairly: free memory, or use fewer lanes (--jobs)`,
  );
}
