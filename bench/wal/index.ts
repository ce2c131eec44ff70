import * as fs from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { printTable } from '../table.ts';
import { buildPeers, type LeftOut, ours } from './contestants.ts';
import { type Job, type Work, works } from './job.ts';
import { type Result, runRounds } from './rounds.ts';
import { describeResult, describeTarget, groupByJob, judgeTargets, type Target } from './targets.ts';

/**
 * The log beside other logs and beside the system calls alone, all in one run on one file system:
 *
 *     node dist/bench/wal/index.js [DIRECTORY] [--quick] [--only TEXT] [--json]
 *
 * `--quick`: fewer and shorter rounds, under two minutes. `--only`: jobs of one kind of work. `--json`: all as JSON on
 * standard output, instead of the tables. Peers are built from their package registries, into the system's temporary
 * directory, and built again only where something changed.
 */

const memoryFileSystems = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

interface Plan {
  readonly jobs: readonly Job[];
  readonly rounds: number;
}

function planOf(isQuick: boolean): Plan {
  const time = isQuick ? { warmUpMs: 200, runMs: 250 } : { warmUpMs: 500, runMs: 2000 };
  const scanned = isQuick ? 64 * 2 ** 20 : 256 * 2 ** 20;
  const job = (work: Work, payloadBytes: number, writers = 1): Job => ({
    work,
    payloadBytes,
    writers,
    ...time,
    bytesMax: work === 'scan' ? scanned : 4 * 2 ** 30,
  });
  const payloads = isQuick ? [256] : [256, 4096, 65_536];
  const writers = isQuick ? [1, 64, 1000] : [1, 8, 64, 1000];
  const jobs = payloads.flatMap((payload) => [
    ...writers.map((count) => job('durable', payload, count)),
    job('scan', payload),
  ]);
  const smallJobs = [job('batch', 256), job('unsynced', 256), job('roll', 256)];
  return { jobs: [...jobs, ...smallJobs], rounds: isQuick ? 2 : 3 };
}

/** Why nothing can be measured; undefined if all is well. Durable means nothing where there is no disk. */
function refusal(directory: string, only: string | undefined): string | undefined {
  if (only !== undefined && !works.some((work) => work === only))
    return `--only ${only}: expected one of ${works.join(', ')}`;
  const name = memoryFileSystems.get(fs.statfsSync(directory).type);
  return name && `${directory} is on ${name}, where nothing is durable: name a directory on a disk`;
}

function printResults(results: readonly Result[]): void {
  for (const [title, group] of groupByJob(results)) {
    const [first] = group;
    if (first === undefined) continue;
    console.log('');
    printTable(
      [title, 'records/s', 'MiB/s', 'p50 µs', 'p99 µs', 'ratio'],
      group.map((result) => describeResult(result, first)),
    );
  }
}

function printTargets(targets: readonly Target[], leftOut: readonly LeftOut[]): void {
  console.log('');
  printTable(['targets', 'wanted', 'measured', ''], targets.map(describeTarget));
  if (leftOut.length > 0) console.log('\nLeft out');
  for (const { name, why } of leftOut) console.log(`${name}: ${why.replaceAll(/\s+/g, ' ')}`);
}

function main(): void {
  const { values, positionals } = parseArgs({
    options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string' } },
    allowPositionals: true,
  });
  const parent = resolve(positionals[0] ?? '.');
  const refused = refusal(parent, values.only);
  if (refused !== undefined) {
    console.error(refused);
    process.exitCode = 2;
    return;
  }
  const directory = fs.mkdtempSync(join(parent, 'wal-bench-'));
  try {
    const say = (text: string) => console.error(text);
    say('building the peers');
    const { built, leftOut: unbuilt } = buildPeers(join(tmpdir(), 'powercut-wal-peers'));
    const { jobs, rounds } = planOf(values.quick === true);
    const chosen = jobs.filter(({ work }) => values.only === undefined || work === values.only);
    const { results, leftOut } = runRounds([...ours, ...built], chosen, { rounds, directory, say });
    const targets = judgeTargets(results);
    const missing = [...unbuilt, ...leftOut];
    const machine = { cpus: cpus().map(({ model }) => model), kernel: release(), node: process.version };
    if (values.json === true) {
      console.log(JSON.stringify({ machine, rounds, results, targets, leftOut: missing }, null, 2));
      return;
    }
    console.log(`${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}`);
    console.log(`${rounds} rounds; medians over the rounds; behind each name, what an answer means`);
    printResults(results);
    const isAll = values.only === undefined;
    printTargets(isAll ? targets : targets.filter(({ measured }) => measured !== undefined), missing);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

main();
