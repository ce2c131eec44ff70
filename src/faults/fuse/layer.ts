import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { programPath } from '../../program.ts';
import type { FaultLayer, Place } from '../layer.ts';
import type { Recording } from '../model/recording.ts';
import { decodeRecording, encodeRecording } from '../model/recording-file.ts';
import type { Plan } from '../plan.ts';
import { type Answer, ackName, type Command, controlName } from './control.ts';
import type { DaemonOptions } from './daemon.ts';
import { type KeptMount, keepMount } from './mount.ts';

export { probeFuse } from './probe.ts';

export interface FuseLayerOptions {
  readonly volumes: readonly string[];
  /** An existing directory of the caller's, on a memory file system if speed matters: for the mount point, and for recordings on their way. */
  readonly directory: string;
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
const answerBytesMax = 1 << 20;

/** Mounts the volumes, and settles when they can be used. Rejects with what is wrong if they cannot. */
export async function openFuseLayer(options: FuseLayerOptions): Promise<FaultLayer> {
  const { volumes, cpu, record = true, directIo = true } = options;
  checkVolumes(volumes);
  const directory = resolve(options.directory);
  const point = join(directory, 'mount');
  await mkdir(point);
  const daemon: DaemonOptions = { volumes, record, directIo, ownerPid: process.pid };
  const program = [process.execPath, programPath('src/faults/fuse/daemon'), JSON.stringify(daemon)];
  const pinned = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
  const mount = keepMount(point, [...environment, ...pinned, ...program]);
  if (!(await mount.ready)) {
    const why = await mount.gone;
    await rm(point, { recursive: true, force: true });
    throw new Error(`the fuse layer cannot start in ${directory}: ${why}`);
  }
  try {
    return new FuseLayer(volumes, directory, mount, await open(join(point, controlName), 'r+'));
  } catch (error) {
    await mount.end();
    throw error;
  }
}

function checkVolumes(volumes: readonly string[]): void {
  if (volumes.length === 0) throw new Error('the fuse layer needs at least one volume');
  for (const volume of volumes) {
    if (volume === ackName || volume === controlName || !/^[^/\0]+$/.test(volume) || /^\.\.?$/.test(volume)) {
      throw new Error(
        `a volume of the fuse layer cannot be called ${JSON.stringify(volume)}: choose another name`,
      );
    }
  }
}

class FuseLayer implements FaultLayer {
  readonly name = 'fuse';
  readonly place: Place;
  readonly #volumes: readonly string[];
  readonly #exchangeFile: string;
  readonly #mount: KeptMount;
  readonly #control: FileHandle;
  readonly #answer: Buffer = Buffer.allocUnsafe(answerBytesMax);
  #start: Recording | undefined;
  /** Commands go one after the other: there is one control file, and one exchange file. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(volumes: readonly string[], directory: string, mount: KeptMount, control: FileHandle) {
    const point = join(directory, 'mount');
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

  begin(start: Recording, plan: Plan): Promise<void> {
    return this.#enqueue(async () => {
      const names = [...start.base.roots.keys()];
      if (names.length !== this.#volumes.length || names.some((name) => !this.#volumes.includes(name))) {
        throw new Error(
          `the recording has the volumes ${names.join(', ')}; mounted are ${this.#volumes.join(', ')}`,
        );
      }
      await writeFile(this.#exchangeFile, encodeRecording(start));
      await this.#command({ command: 'begin', file: this.#exchangeFile, plan });
      await rm(this.#exchangeFile);
      this.#start = start;
    });
  }

  acknowledge(text: string): Promise<void> {
    return this.#enqueue(async () => {
      await this.#command({ command: 'acknowledge', text });
    });
  }

  entryCount(): Promise<number> {
    return this.#enqueue(async () => (await this.#command({ command: 'entry-count' })).entryCount);
  }

  end(): ReturnType<FaultLayer['end']> {
    return this.#enqueue(async () => {
      const start = this.#start;
      if (start === undefined)
        throw new Error('the fuse layer was asked to end a recording that it never began');
      const { firings } = await this.#command({ command: 'end', file: this.#exchangeFile });
      const added = decodeRecording(await readFile(this.#exchangeFile, 'utf8'));
      await rm(this.#exchangeFile);
      return { recording: { base: start.base, trace: [...start.trace, ...added.trace] }, firings };
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

  async #command(command: Command): Promise<Extract<Answer, { ok: true }>> {
    const answer = await this.#whileMounted(this.#exchange(command), command);
    if (!answer.ok) throw new Error(`the fuse layer could not ${command.command}: ${answer.message}`);
    return answer;
  }

  async #exchange(command: Command): Promise<Answer> {
    await this.#control.write(JSON.stringify(command), 0);
    const { bytesRead } = await this.#control.read(this.#answer, 0, answerBytesMax, 0);
    return JSON.parse(this.#answer.toString('utf8', 0, bytesRead)) as Answer;
  }

  /** The answer; or, where the daemon is dead or hangs, an error that says so rather than the EIO that is seen here. */
  async #whileMounted(answer: Promise<Answer>, { command }: Command): Promise<Answer> {
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
