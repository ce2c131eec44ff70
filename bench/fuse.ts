import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFuseLayer } from '../src/faults/fuse/layer.ts';

/**
 * What a call through the fuse layer costs, beside the same call on a memory file system in the same run:
 * `node dist/bench/fuse.js`. Daemon and client share one core, as in a lane, and then have one each. Nothing is recorded,
 * so that memory is not what is measured.
 */

const [, program = '', role = '', clientDirectory = ''] = process.argv;
const pageBytes = 4096;
const filePages = 20_000;
const batches = 40;

/** Name to median microseconds. */
type Medians = Readonly<Record<string, number>>;

/** The client: a process of its own, which does each call many times and prints the medians of its batches. */
function measure(directory: string): Medians {
  const page = Buffer.alloc(pageBytes, 1);
  const file = fs.openSync(join(directory, 'file'), 'w+');
  const at = (index: number) => (index % filePages) * pageBytes;
  const medians = {
    'write 4 KiB': median(filePages, (index) => fs.writeSync(file, page, 0, pageBytes, at(index))),
    'random read 4 KiB': median(filePages, (index) =>
      fs.readSync(file, page, 0, pageBytes, at(index * 7919)),
    ),
    'write 4 KiB, fsync': median(filePages, (index) => {
      fs.writeSync(file, page, 0, pageBytes, at(index));
      fs.fsyncSync(file);
    }),
    'create, unlink': median(4000, (index) => {
      const path = join(directory, `f${index}`);
      fs.closeSync(fs.openSync(path, 'w'));
      fs.unlinkSync(path);
    }),
  };
  fs.closeSync(file);
  return medians;
}

/** Batches rather than single calls: the clock costs as much as a call. */
function median(calls: number, call: (index: number) => void): number {
  const perBatch = Math.floor(calls / batches);
  const times = Array.from({ length: batches }, (_, batch) => {
    const start = process.hrtime.bigint();
    for (let index = 0; index < perBatch; index++) call(batch * perBatch + index);
    return Number(process.hrtime.bigint() - start) / 1000 / perBatch;
  });
  return times.sort((a, b) => a - b)[batches / 2] ?? 0;
}

function runClient(directory: string, cpus: string): Medians {
  const command = ['-c', cpus, process.execPath, program, 'client', directory];
  const { stdout, stderr, status } = spawnSync('taskset', command, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the client ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Medians;
}

async function throughMount(directory: string, daemonCpu: number, clientCpu: number): Promise<Medians> {
  const layer = await openFuseLayer({ volumes: ['data'], directory, cpu: daemonCpu, record: false });
  try {
    if (layer.place.kind !== 'directories') throw new Error('the fuse layer gives directories');
    return runClient(layer.place.directories.get('data') ?? '', String(clientCpu));
  } finally {
    await layer.close();
  }
}

async function main(): Promise<void> {
  const memory = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const directory = fs.mkdtempSync(join(memory, 'powercut-bench-'));
  try {
    const plain = join(directory, 'plain');
    fs.mkdirSync(plain);
    const onMemory = runClient(plain, '0');
    const oneCore = await throughMount(directory, 0, 0);
    const twoCores = await throughMount(directory, 0, 1);
    print(onMemory, oneCore, twoCores);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

function print(onMemory: Medians, oneCore: Medians, twoCores: Medians): void {
  const header = ['median µs', 'tmpfs', 'one core', 'ratio', 'two cores', 'ratio'];
  const rows = Object.entries(onMemory).map(([name, plain]) => {
    const [one = 0, two = 0] = [oneCore[name], twoCores[name]];
    return [
      name,
      plain.toFixed(2),
      one.toFixed(2),
      `${(one / plain).toFixed(1)}x`,
      two.toFixed(2),
      `${(two / plain).toFixed(1)}x`,
    ];
  });
  for (const [name = '', ...cells] of [header, ...rows]) {
    console.log(name.padEnd(20) + cells.map((cell) => cell.padStart(11)).join(''));
  }
}

if (program === fileURLToPath(import.meta.url)) {
  if (role === 'client') console.log(JSON.stringify(measure(clientDirectory)));
  else await main();
}
