import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFuseLayer } from '../../src/faults/fuse/layer.ts';

/** A file system that is served through FUSE, mounted and ready. */
export interface Mounted {
  /** Where the benchmark works. */
  readonly directory: string;
  end(): Promise<void>;
}

export interface Server {
  readonly name: string;
  /** `scratch`: an empty directory of its own, on a memory file system. `cpu`: the only one that it may run on. */
  mount(scratch: string, cpu: number | undefined): Promise<Mounted>;
}

const powercut: Server = {
  name: 'powercut',
  async mount(scratch, cpu) {
    const layer = await openFuseLayer({
      volumes: ['data'],
      directory: scratch,
      record: false,
      ...(cpu !== undefined && { cpu }),
    });
    return { directory: join(scratch, 'mount', 'data'), end: () => layer.close() };
  },
};

/** A program in C that hands each call to the directory `source`; `command` serves it on `point` in the foreground. */
function passthrough(name: string, command: (source: string, point: string) => readonly string[]): Server {
  return {
    name,
    async mount(scratch, cpu) {
      const [source, point] = [join(scratch, 'source'), join(scratch, 'mount')];
      mkdirSync(source);
      mkdirSync(point);
      const pinned = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
      const [program = '', ...words] = [...pinned, ...command(source, point)];
      const child = spawn(program, words, { stdio: 'ignore' });
      await untilMounted(name, child, point);
      return { directory: point, end: () => unmount(child, point) };
    },
  };
}

async function untilMounted(name: string, child: ChildProcess, point: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${point} `)) return;
    if (child.exitCode !== null)
      throw new Error(
        `${name} ended with ${child.exitCode} and did not mount: try ${child.spawnargs.join(' ')}`,
      );
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`${name} did not mount in ten seconds`);
}

async function unmount(child: ChildProcess, point: string): Promise<void> {
  spawnSync('umount', ['-l', point]);
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) await sleep(20);
  if (child.exitCode === null) child.kill('SIGKILL');
}

const examples = '/usr/share/doc/libfuse3-dev/examples';

/**
 * The servers that this machine has. `never` caches nothing, as powercut must not: each call reaches the server. `cached`
 * lets the kernel answer what it remembers, as programs that inject nothing may: names and attributes, for fio has a
 * file's pages dropped before each pass over it.
 */
export function serversHere(build: string): readonly Server[] {
  const servers = [powercut];
  const program = buildPassthrough(build);
  if (program !== undefined) {
    const command = (cache: string) => (source: string, point: string) => [
      program,
      '-f',
      '-o',
      `source=${source},cache=${cache}`,
      point,
    ];
    servers.push(passthrough('libfuse', command('never')), passthrough('libfuse, cached', command('always')));
  }
  if (isInstalled('bindfs')) {
    const uncached = 'direct_io,attr_timeout=0,entry_timeout=0,negative_timeout=0';
    servers.push(passthrough('bindfs', (source, point) => ['bindfs', '-f', '-o', uncached, source, point]));
  }
  return servers;
}

export function isInstalled(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}

/** libfuse's own example, of its low-level interface; undefined where it or a compiler is not there. */
function buildPassthrough(directory: string): string | undefined {
  const flags = spawnSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' });
  const source = join(examples, 'passthrough_ll.c');
  if (flags.status !== 0 || !existsSync(source)) return undefined;
  const program = join(directory, 'passthrough_ll');
  const words = ['-O2', '-o', program, source, ...flags.stdout.trim().split(/\s+/)];
  return spawnSync('cc', words).status === 0 ? program : undefined;
}
