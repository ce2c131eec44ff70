import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { programPath } from '../../program.ts';
import type { DiskRequest, DiskResult } from '../control/disk-requests.ts';
import { ControlError } from '../control/requests.ts';
import type { ControlledLayer, EndedRecording, Place } from '../layer.ts';
import type { Recording } from '../model/recording.ts';
import { decodeRecording, encodeRecording } from '../model/recording-file.ts';
import type { Firing, Plan } from '../plan.ts';
import { type Answer, ackName, type CommandName, type Commands, controlName } from './control.ts';
import type { DaemonOptions } from './daemon.ts';
import { type KeptMount, keepMount } from './mount.ts';

export { probeFuse } from './probe.ts';

export interface MountedLayer extends ControlledLayer {
  /** Settles once the mount is gone, by whatever cause: how that came about, in words. */
  readonly gone: Promise<string>;
}

export interface FuseLayerOptions {
  readonly volumes: readonly string[];
  /** An existing directory of the caller's, on a memory file system if speed matters: for the mount point, and for recordings on their way. */
  readonly directory: string;
  /**
   * Where to mount: an existing empty directory, which stays when the mount ends. `directory` is the mount's own then, and
   * goes with it. Where absent, the mount is a directory `mount` of `directory`.
   */
  readonly point?: string;
  /** Told of each fault that fires. */
  readonly onFiring?: (firing: Firing) => void;
  /** The core that the daemon runs on. Best the same as the subject's: waking another core costs more than all else. */
  readonly cpu?: number;
  /** False for long benchmarks: nothing is recorded, and `end` answers the start. */
  readonly record?: boolean;
  /** False: reads go through the kernel's page cache, as they must before Linux 6.6. For tests of that. */
  readonly directIo?: boolean;
}

/**
 * What is meant for the owner's Node (a debugger, for one) is not for the daemon. Large pages for what glibc allocates save
 * a page fault for each page that is written: a sixth of the time of a write.
 */
const environment = ['env', '-u', 'NODE_OPTIONS', 'GLIBC_TUNABLES=glibc.malloc.hugetlb=1'];

/** No command takes long; a daemon that does not answer is ended. */
const answerTimeoutMs = 120_000;
const answerPartBytes = 1 << 20;

/** Mounts the volumes, and settles when they can be used. Rejects with what is wrong if they cannot. */
export async function openFuseLayer(options: FuseLayerOptions): Promise<MountedLayer> {
  const { volumes, cpu, record = true, directIo = true, onFiring } = options;
  checkVolumes(volumes);
  const directory = resolve(options.directory);
  const point = resolve(options.point ?? join(directory, 'mount'));
  if (options.point === undefined) await mkdir(point);
  const announce = onFiring !== undefined;
  const daemon: DaemonOptions = { volumes, record, directIo, ownerPid: process.pid, announce };
  const program = [process.execPath, programPath('src/faults/fuse/daemon'), JSON.stringify(daemon)];
  const pinned = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
  const scratch = options.point === undefined ? '' : directory;
  const mount = keepMount(point, [...environment, ...pinned, ...program], scratch);
  if (!(await mount.ready)) {
    const why = await mount.gone;
    if (options.point === undefined) await rm(point, { recursive: true, force: true });
    throw new Error(`the fuse layer cannot start in ${directory}: ${why}`);
  }
  if (onFiring !== undefined) {
    createInterface(mount.output).on('line', (line) => onFiring(JSON.parse(line) as Firing));
  }
  try {
    return new FuseLayer(volumes, point, directory, mount, await open(join(point, controlName), 'r+'));
  } catch (error) {
    await mount.end();
    throw error;
  }
}

function checkVolumes(volumes: readonly string[]): void {
  if (volumes.length === 0) throw new Error('the fuse layer needs at least one volume');
  for (const volume of volumes) {
    const problem = problemOfVolume(volume);
    if (problem !== undefined) throw new Error(problem);
  }
}

/** Why a volume cannot have this name, undefined if it can. */
export function problemOfVolume(name: string): string | undefined {
  const isFree = name !== ackName && name !== controlName && /^[^/\0]+$/.test(name) && !/^\.\.?$/.test(name);
  if (isFree) return undefined;
  return `a volume of the fuse layer cannot be called ${JSON.stringify(name)}: choose another name`;
}

class FuseLayer implements MountedLayer {
  readonly name = 'fuse';
  readonly place: Place;
  readonly #volumes: readonly string[];
  readonly #exchangeFile: string;
  readonly #mount: KeptMount;
  readonly #control: FileHandle;
  readonly #answer: Buffer = Buffer.allocUnsafe(answerPartBytes);
  #start: Recording | undefined;
  /** Commands go one after the other: there is one control file, and one exchange file. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    volumes: readonly string[],
    point: string,
    directory: string,
    mount: KeptMount,
    control: FileHandle,
  ) {
    this.place = {
      kind: 'directories',
      directories: new Map(volumes.map((volume) => [volume, join(point, volume)] as const)),
      ackFile: join(point, ackName),
    };
    this.#volumes = volumes;
    this.#exchangeFile = join(directory, 'recording.json');
    this.#mount = mount;
    this.#control = control;
  }

  get gone(): Promise<string> {
    return this.#mount.gone;
  }

  begin(start: Recording, plan: Plan): Promise<void> {
    return this.#enqueue(async () => {
      const names = [...start.base.roots.keys()];
      if (names.length !== this.#volumes.length || names.some((name) => !this.#volumes.includes(name))) {
        throw new Error(
          `the recording has the volumes ${names.join(', ')}; mounted are ${this.#volumes.join(', ')}`,
        );
      }
      await writeFile(this.#exchangeFile, encodeRecording(start));
      await this.#command('begin', { file: this.#exchangeFile, plan });
      await rm(this.#exchangeFile);
      this.#start = start;
    });
  }

  acknowledge(text: string): Promise<void> {
    return this.#enqueue(async () => {
      await this.#command('acknowledge', { text });
    });
  }

  entryCount(): Promise<number> {
    return this.#enqueue(() => this.#command('entry-count', {}));
  }

  control<Request extends DiskRequest>(request: Request): Promise<DiskResult<Request['op']>> {
    return this.#enqueue(() => this.#command('disk', { request })) as Promise<DiskResult<Request['op']>>;
  }

  end(): Promise<EndedRecording> {
    return this.#enqueue(async () => {
      const start = this.#start;
      if (start === undefined)
        throw new Error('the fuse layer was asked to end a recording that it never began');
      const { firings, rules, wasCut } = await this.#command('end', { file: this.#exchangeFile });
      const written = decodeRecording(await readFile(this.#exchangeFile, 'utf8'));
      await rm(this.#exchangeFile);
      const whole = { base: start.base, trace: [...start.trace, ...written.trace] };
      return { recording: wasCut ? written : whole, firings, rules };
    });
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#control.close().catch(() => {
      // It fails if the daemon is dead; closed it is in any case.
    });
    await this.#mount.end();
    await rm(this.#exchangeFile, { force: true });
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #command<Name extends CommandName>(
    command: Name,
    ask: Commands[Name]['ask'],
  ): Promise<Commands[Name]['answer']> {
    const answer = await this.#whileMounted(this.#exchange({ command, ...ask }), command);
    if (answer.ok) return answer.value as Commands[Name]['answer'];
    if (answer.code !== undefined) throw new ControlError(answer.code, answer.message);
    throw new Error(`the fuse layer could not ${command}: ${answer.message}`);
  }

  async #exchange(command: object): Promise<Answer> {
    await this.#control.write(JSON.stringify(command), 0);
    const parts: Buffer[] = [];
    for (let length = 0; ; ) {
      const { bytesRead } = await this.#control.read(this.#answer, 0, answerPartBytes, length);
      if (bytesRead > 0) parts.push(Buffer.from(this.#answer.subarray(0, bytesRead)));
      length += bytesRead;
      if (bytesRead < answerPartBytes) return JSON.parse(Buffer.concat(parts).toString()) as Answer;
    }
  }

  /** The answer; or, where the daemon is dead or hangs, an error that says so rather than the EIO that is seen here. */
  async #whileMounted(answer: Promise<Answer>, command: CommandName): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const hung = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        void this.#mount.end();
        reject(
          new Error(`the fuse daemon did not answer ${command} in ${answerTimeoutMs / 1000} s and was ended`),
        );
      }, answerTimeoutMs);
    });
    try {
      return await Promise.race([answer, hung]);
    } catch (error) {
      // The answer fails a moment before the keeper, which knows why, is done.
      const why = await Promise.race([this.#mount.gone, delay(1000)]);
      throw why === undefined ? error : new Error(`the fuse layer is gone: ${why}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

function delay(ms: number): Promise<undefined> {
  return new Promise((settle) => setTimeout(() => settle(undefined), ms));
}
