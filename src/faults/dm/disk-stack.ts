import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { FileSystem } from '../block/file-systems.ts';
import { attachLoop, type LoopDevice } from '../block/loop.ts';
import { mountDevice, unmountDirectory, writeBackAndUnmount } from '../block/mount.ts';
import { type Content, pageBytes } from '../model/content.ts';
import type { DeviceMapper } from './device-mapper.ts';
import { type LogEntry, parseLog } from './log.ts';

export interface DiskStackOptions {
  readonly devices: DeviceMapper;
  /** For files that are gone again at once. */
  readonly directory: string;
  /** Where to mount. */
  readonly point: string;
  readonly fileSystem: FileSystem;
  readonly content: Content;
}

const sectorBytes = 512;
/** More than any workload writes; of the file, only what is written takes memory. */
const logBytes = 1024 * 1024 * 1024;

/**
 * One disk, mounted: a file, a loop device on it, dm-log-writes on that with its log on a second loop device, and on top a device
 * that passes everything on, or is dm-flakey: what a fault does to a write is in the log as the disk got it. The files have no
 * names, and each device goes with its last user: nothing is left when this process is gone, whatever ended it.
 */
export class DiskStack {
  readonly #options: DiskStackOptions;
  readonly #logged: string;
  readonly #top: string;
  readonly #sectors: number;
  readonly #disk: LoopDevice;
  readonly #log: number;
  /** `254:0` */
  #loggedNumber = '';
  /** The device that logs, open: it is there until the log was read, whatever is mounted. */
  #held: number | undefined;
  #isMounted = false;

  /** Rejects with a MountFailure. */
  static async open(options: DiskStackOptions): Promise<DiskStack> {
    const name = `powercut-${randomBytes(6).toString('hex')}`;
    const { descriptor, loop } = looped(join(options.directory, name), fillWith(options.content));
    closeSync(descriptor);
    try {
      return await DiskStack.#on(loop, name, options);
    } finally {
      loop.release();
    }
  }

  static async #on(disk: LoopDevice, name: string, options: DiskStackOptions): Promise<DiskStack> {
    const { directory, devices, point, fileSystem } = options;
    const empty = (descriptor: number) => ftruncateSync(descriptor, logBytes);
    const log = looped(join(directory, `${name}-log`), empty);
    const stack = new DiskStack(options, name, disk, log.descriptor);
    const created: string[] = [];
    const create = async (device: string, table: string) => {
      await devices.create(device, table);
      created.unshift(device);
      return devices.number(device);
    };
    try {
      const logging = stack.#table('log-writes', `${disk.device} ${log.loop.device}`);
      stack.#loggedNumber = await create(stack.#logged, logging);
      stack.#held = openSync(devices.node(stack.#logged), 'r');
      await create(stack.#top, stack.#table('linear', `${stack.#loggedNumber} 0`));
      mountDevice(devices.node(stack.#top), point, fileSystem);
      stack.#isMounted = true;
      return stack;
    } catch (error) {
      stack.#letGo();
      throw error;
    } finally {
      await removeEach(devices, created).finally(() => log.loop.release());
    }
  }

  private constructor(options: DiskStackOptions, name: string, disk: LoopDevice, log: number) {
    this.#options = options;
    this.#logged = `${name}-log`;
    this.#top = name;
    this.#sectors = options.content.size / sectorBytes;
    this.#disk = disk;
    this.#log = log;
  }

  mark(text: string): Promise<void> {
    return this.#options.devices.message(this.#logged, `mark ${text}`);
  }

  /** How many requests the log has: those that a flush has covered, and those that asked for that themselves. */
  async requestCount(): Promise<number> {
    const status = await this.#options.devices.status(this.#logged);
    return Number(/log-writes (\d+)/.exec(status)?.[1] ?? 0);
  }

  /** From now on dm-flakey befalls each request, with these features. */
  async befall(features: readonly string[]): Promise<void> {
    const { devices } = this.#options;
    const below = `${this.#loggedNumber} 0`;
    // No second of working, and then only seconds that do not.
    await devices.swap(
      this.#top,
      this.#table('flakey', [below, 0, 1, features.length, ...features].join(' ')),
    );
  }

  /**
   * Ends the recording, and answers the log. What the kernel still holds above the disk is left out of it, unless it is
   * `writtenBack`: then the file system is unmounted first.
   */
  async end(writtenBack: boolean): Promise<LogEntry[]> {
    const { devices } = this.#options;
    if (writtenBack) this.#unmount(writeBackAndUnmount);
    // The target that logs puts down what it held back when it ends, which is when another one takes its place.
    await devices.swap(this.#logged, this.#table('linear', `${this.#disk.device} 0`));
    return parseLog((offset, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(this.#log, bytes, 0, length, offset));
    });
  }

  async close(): Promise<void> {
    try {
      this.#unmount(unmountDirectory);
    } finally {
      this.#letGo();
    }
  }

  #unmount(end: (directory: string) => void): void {
    if (this.#isMounted) end(this.#options.point);
    this.#isMounted = false;
  }

  #letGo(): void {
    if (this.#held !== undefined) closeSync(this.#held);
    closeSync(this.#log);
  }

  #table(target: string, parameters: string): string {
    return `0 ${this.#sectors} ${target} ${parameters}`;
  }
}

/** Rejects with the first error, once all were tried. */
async function removeEach(devices: DeviceMapper, names: readonly string[]): Promise<void> {
  let first: unknown;
  for (const name of names) await devices.removeWhenUnused(name).catch((error) => (first ??= error));
  if (first !== undefined) throw first;
}

/** A file without a name, filled, and a loop device on it. The descriptor is the caller's. */
function looped(
  file: string,
  fill: (descriptor: number) => void,
): { readonly descriptor: number; readonly loop: LoopDevice } {
  const descriptor = openSync(file, 'wx+', 0o600);
  try {
    fill(descriptor);
    return { descriptor, loop: attachLoop(file) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  } finally {
    rmSync(file);
  }
}

function fillWith(content: Content): (descriptor: number) => void {
  return (descriptor) => {
    ftruncateSync(descriptor, content.size);
    for (const [index, page] of content.pages) {
      if (writeSync(descriptor, page, 0, page.length, index * pageBytes) < page.length)
        throw new Error('there is no space for the disk');
    }
  };
}
