import { MountFailure } from '../layer.ts';
import type { FileSystem } from './file-systems.ts';
import { attachLoop } from './loop.ts';
import { mount, syncFileSystem, unmount } from './system-calls.ts';

/** sys/mount.h: MS_NOATIME, MNT_DETACH. */
const noAccessTimes = 1024;
const detach = 2;

/** What the kernel says of a disk that it cannot make sense of. All else that it may say is about this machine. */
const aboutTheDisk = ['EINVAL', 'EIO', 'EUCLEAN', 'EBADMSG', 'EROFS', 'ENOENT'];

/** Mounts a device, which replays the file system's journal. Throws {@link MountFailure} where the disk is to blame. */
export function mountDevice(device: string, directory: string, fileSystem: FileSystem): void {
  try {
    mount(device, directory, fileSystem.type, noAccessTimes, fileSystem.mountOptions.join(','));
  } catch (error) {
    const { message, code = '' } = error as NodeJS.ErrnoException;
    if (!aboutTheDisk.includes(code))
      throw new Error(`${device} cannot be mounted on ${directory} as ${fileSystem.name}: ${message}`, {
        cause: error,
      });
    throw new MountFailure(`the kernel does not mount the disk as ${fileSystem.name}: ${message}`, {
      cause: error,
    });
  }
}

/** Mounts a file that holds a disk, through a loop device that ends with the mount. Throws as {@link mountDevice}. */
export function mountDisk(file: string, directory: string, fileSystem: FileSystem): void {
  const loop = attachLoop(file);
  try {
    mountDevice(loop.device, directory, fileSystem);
  } finally {
    loop.release();
  }
}

/**
 * Unmounts. Where a process holds a file there, the mount is gone for all others, and ends with that process. One that somebody else
 * unmounted is gone as well.
 */
export function unmountDirectory(directory: string): void {
  try {
    unmount(directory, 0);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL') return;
    if (code !== 'EBUSY') throw new Error(`cannot unmount ${directory}: ${message}`, { cause: error });
    unmount(directory, detach);
  }
}

/** Writes back all that the kernel holds above the disk, then unmounts. */
export function writeBackAndUnmount(directory: string): void {
  // Another mount of the file system, such as one that a process keeps, would put off what unmounting writes.
  syncFileSystem(directory);
  unmountDirectory(directory);
}

/** Ends each mount, and forgets those that are gone. Throws the first error, once all were tried. */
export function unmountEach(mounted: Set<string>, end = unmountDirectory): void {
  const errors: unknown[] = [];
  for (const directory of [...mounted]) {
    try {
      end(directory);
      mounted.delete(directory);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
