import { MountFailure } from '../layer.ts';
import type { FileSystem } from './file-systems.ts';
import { attachLoop } from './loop.ts';
import { mount, unmount } from './system-calls.ts';

/** sys/mount.h: MS_NOATIME, MNT_DETACH. */
const noAccessTimes = 1024;
const detach = 2;

/** Mounts a device, which replays the file system's journal. Throws {@link MountFailure}. */
export function mountDevice(device: string, directory: string, fileSystem: FileSystem): void {
  try {
    mount(device, directory, fileSystem.type, noAccessTimes, fileSystem.mountOptions.join(','));
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const hint = code === 'ENODEV' ? `; it has no ${fileSystem.type}: load its module` : '';
    throw new MountFailure(`the kernel does not mount the disk as ${fileSystem.name}: ${message}${hint}`, {
      cause: error,
    });
  }
}

/** Mounts a file that holds a disk, through a loop device that ends with the mount. Throws {@link MountFailure}. */
export function mountDisk(file: string, directory: string, fileSystem: FileSystem): void {
  const loop = attachLoop(file);
  try {
    mountDevice(loop.device, directory, fileSystem);
  } finally {
    loop.release();
  }
}

/** Unmounts; where a process still holds a file there, the mount is gone for all others, and ends with that process. */
export function unmountDirectory(directory: string): void {
  try {
    unmount(directory, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    unmount(directory, detach);
  }
}
