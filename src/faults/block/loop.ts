import { closeSync, openSync } from 'node:fs';
import { ioctl, ioctlNumber } from './system-calls.ts';

/** linux/loop.h */
const loopControl = '/dev/loop-control';
const getFree = 0x4c82;
const configure = 0x4c0a;
const flagAutoclear = 4;
const configBytes = 304;
const flagsAt = 60;
const nameAt = 64;
const nameBytes = 64;

/** Another process may take the device that was free a moment ago. */
const triesMax = 64;

export interface LoopDevice {
  /** `/dev/loop3` */
  readonly device: string;
  /**
   * Lets go of the device. One that is mounted lives on until it is unmounted; else it is free again. The kernel does the same when
   * this process ends.
   */
  release(): void;
}

/**
 * A loop device on a file, with sectors of 512 bytes, that frees itself when nothing uses it any more (LO_FLAGS_AUTOCLEAR): the caller's
 * descriptor is the first user. Throws where this process may not, or there is no loop driver.
 */
export function attachLoop(file: string): LoopDevice {
  const control = openSync(loopControl, 'r+');
  const backing = openSync(file, 'r+');
  try {
    for (let tries = 1; ; tries++) {
      const device = `/dev/loop${ioctlNumber(control, getFree, 0)}`;
      const descriptor = openSync(device, 'r+');
      try {
        ioctl(descriptor, configure, loopConfig(backing, file));
        return { device, release: () => closeSync(descriptor) };
      } catch (error) {
        closeSync(descriptor);
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === triesMax)
          throw new Error(`${device} could not be attached to ${file}`, { cause: error });
      }
    }
  } finally {
    closeSync(backing);
    closeSync(control);
  }
}

/** `struct loop_config`: file, block size, `struct loop_info64`. */
function loopConfig(backing: number, file: string): Uint8Array {
  const config = Buffer.alloc(configBytes);
  config.writeUInt32LE(backing, 0);
  config.writeUInt32LE(flagAutoclear, flagsAt);
  // What `losetup --list` and `powercut doctor` show.
  config.write(file.slice(-(nameBytes - 1)), nameAt, 'utf8');
  return config;
}
