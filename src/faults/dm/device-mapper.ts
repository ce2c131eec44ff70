import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const timeoutMs = 60_000;

/**
 * Devices of device-mapper, through dmsetup(8). Their nodes are in a directory of the caller's, on a file system that allows
 * device nodes, so that neither /dev nor udev has a part in it.
 */
export class DeviceMapper {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The path of a device's node. */
  node(name: string): string {
    return join(this.#directory, 'mapper', name);
  }

  async create(name: string, table: string): Promise<void> {
    await this.#dmsetup(['create', ...withoutUdev, name, '--table', table]);
  }

  /** A device's number, `254:0`, by which a table names it: its node is gone once it is to be removed. */
  async number(name: string): Promise<string> {
    const columns = ['--columns', '--noheadings', '--separator', ':', '-o', 'major,minor'];
    return (await this.#dmsetup(['info', ...columns, name])).trim();
  }

  /** Puts another table in the place of a device's, between two requests, while it is in use. What file system is on it does not notice. */
  async swap(name: string, table: string): Promise<void> {
    await this.#dmsetup(['load', ...withoutUdev, name, '--table', table]);
    await this.#dmsetup(['suspend', ...withoutUdev, '--nolockfs', '--noflush', name]);
    await this.#dmsetup(['resume', ...withoutUdev, name]);
  }

  async message(name: string, text: string): Promise<void> {
    await this.#dmsetup(['message', name, '0', text]);
  }

  /** What the targets of a device say of themselves. */
  async status(name: string): Promise<string> {
    return this.#dmsetup(['status', name]);
  }

  /** The device is gone once nobody uses it any more, whether or not this process is still there then; at once, if nobody does. */
  async removeWhenUnused(name: string): Promise<void> {
    await this.#dmsetup(['remove', ...withoutUdev, '--deferred', name]);
  }

  async #dmsetup(parameters: readonly string[]): Promise<string> {
    const env = { ...process.env, DM_DEV_DIR: this.#directory };
    try {
      return (await execute('dmsetup', parameters, { env, timeout: timeoutMs, killSignal: 'SIGKILL' }))
        .stdout;
    } catch (error) {
      const { stderr, message } = error as Error & { readonly stderr?: string };
      throw new Error(`dmsetup ${parameters.join(' ')} failed: ${stderr?.trim() || message}`, {
        cause: error,
      });
    }
  }
}

const withoutUdev = ['--noudevsync', '--noudevrules'];
