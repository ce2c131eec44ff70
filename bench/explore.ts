import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExploreTask } from '../harness/exploration.ts';
import { LaneProcess, namespacesFor } from '../harness/lane/process.ts';
import { loadScenario, parseScenario } from '../harness/load-scenario.ts';
import { mergeResults } from '../harness/merge.ts';
import { packageRoot } from '../harness/package.ts';
import type { RecordedRun } from '../harness/recorded-run.ts';
import type { LoadedScenario } from '../harness/scenario.ts';
import { createWorkload } from '../harness/workload/workload.ts';
import type { Claim } from '../reports/verdict.ts';
import { classicCycle } from './classic.ts';
import { descendantsCpuSeconds } from './cpu-time.ts';
import { splitOf } from './split.ts';
import { medianOf, printTable } from './table.ts';

/**
 * How many crash states are judged a second, end to end: image built and laid out, subject opened, read, written to,
 * closed and opened again, all claims judged. Equal images are judged once, lanes and subjects warm. Beside it, in the same
 * run, the cycle "mount, run the workload, kill, drop what is not synced, mount again, check" on the same layer for the
 * same subject. `node dist/bench/explore.js`
 */

const [, program = '', role = '', directory = ''] = process.argv;
/** Workloads, each another one, that are explored before the clock counts, and then. */
const warmUps = 40;
const rounds = 30;
const classicCycles = 5;

/** What a row measures: crash states of a scenario on some lanes. */
interface Measured {
  readonly name: string;
  readonly loaded: LoadedScenario;
  readonly layer: 'fuse' | 'sim';
  readonly lanes: number;
  /** Legal states looked at in a round, at most. */
  readonly states: number;
}

interface Rate {
  /** Images judged, over all lanes and rounds; and on how many of them a subject recovered. */
  readonly images: number;
  readonly recovered: number;
  /** Images a second; the median of the rounds. */
  readonly rate: number;
  /** Legal crash states a second that got their verdict by that. */
  readonly stateRate: number;
  /** The two of a second of CPU time of the lanes, all their processes counted: these depend less on who else uses the machine. */
  readonly ratePerCpu: number;
  readonly stateRatePerCpu: number;
}

async function measure({ loaded, layer, lanes: count, states: limit }: Measured): Promise<Rate> {
  const lanes = Array.from(
    { length: count },
    (_, cpu) => new LaneProcess({ namespaces: namespacesFor(layer, loaded), cpu, onJudged: () => {} }),
  );
  try {
    await Promise.all(lanes.map((lane) => lane.call('open', { loaded, layer, seed: 1 })));
    const measured: Rate[] = [];
    for (let seed = 1; seed <= warmUps + rounds; seed++) {
      const run = await record(lanes, loaded, seed);
      const cpu = descendantsCpuSeconds();
      const start = performance.now();
      const judged = await judgeAll(lanes, run, loaded, limit);
      const seconds = (performance.now() - start) / 1000;
      const cpuSeconds = descendantsCpuSeconds() - cpu;
      const { images, recovered, states } = judged;
      measured.push({
        images,
        recovered,
        rate: images / seconds,
        stateRate: states / seconds,
        ratePerCpu: images / cpuSeconds,
        stateRatePerCpu: states / cpuSeconds,
      });
    }
    const warm = measured.slice(warmUps);
    return {
      images: warm.reduce((sum, { images }) => sum + images, 0),
      recovered: warm.reduce((sum, { recovered }) => sum + recovered, 0),
      rate: medianOf(warm.map(({ rate }) => rate)),
      stateRate: medianOf(warm.map(({ stateRate }) => stateRate)),
      ratePerCpu: medianOf(warm.map(({ ratePerCpu }) => ratePerCpu)),
      stateRatePerCpu: medianOf(warm.map(({ stateRatePerCpu }) => stateRatePerCpu)),
    };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

/** Each seed makes another workload of the same length, and so other images. */
async function record(
  [lane]: readonly LaneProcess[],
  { scenario }: LoadedScenario,
  seed: number,
): Promise<RecordedRun> {
  if (lane === undefined) throw new Error('at least one lane is needed');
  const { model, features } = await lane.call('hello', undefined);
  const mutations =
    scenario.subject.workload === undefined ? createWorkload(model, scenario.workload, features, seed) : [];
  const run = await lane.call(
    'record',
    mutations.map((mutation, index) => ({ index, mutation })),
  );
  if (run.endedEarly !== undefined) throw new Error(run.endedEarly);
  return run;
}

/**
 * Answers how many images all lanes judged, of how many legal crash states they were (equal images with equal promises are
 * judged once), and on how many a subject recovered (once on equal images).
 */
async function judgeAll(
  lanes: readonly LaneProcess[],
  run: RecordedRun,
  { scenario }: LoadedScenario,
  limit: number,
): Promise<{ readonly images: number; readonly recovered: number; readonly states: number }> {
  const task = (index: number): ExploreTask => ({
    run,
    fault: 'power-loss',
    profile: 'posix',
    claims: Object.keys(scenario.claims) as Claim[],
    seed: 1,
    limit,
    nested: false,
    share: { index, count: lanes.length },
  });
  const results = await Promise.all(lanes.map((lane, index) => lane.call('explore', task(index))));
  const { coverage } = mergeResults(results);
  return {
    images: results.reduce((sum, { judged }) => sum + judged, 0),
    recovered: results.reduce((sum, { recovered }) => sum + recovered, 0),
    states: coverage.states,
  };
}

/** Cycles a second, by a process of its own on one core, as a lane is. */
function measureClassic(): number {
  const command = ['-c', '0', process.execPath, program, 'classic', temporaryDirectory()];
  const { stdout, stderr, status } = spawnSync('taskset', command, { encoding: 'utf8' });
  fs.rmSync(command.at(-1) ?? '', { recursive: true, force: true });
  if (status !== 0) throw new Error(`the classic cycle ended with ${status}: ${stderr}`);
  return Number(stdout);
}

async function runClassic(): Promise<void> {
  const loaded = await loadScenario(join(packageRoot, 'scenarios', 'reference-wal.yaml'));
  const times: number[] = [];
  for (let cycle = 0; cycle <= classicCycles; cycle++) {
    const start = performance.now();
    await classicCycle(loaded, join(directory, String(cycle)));
    if (cycle > 0) times.push(performance.now() - start);
  }
  console.log(1000 / medianOf(times));
}

/** Numbers, each synced and then promised; looked up again by programs that come with the system. */
function commandPair(): LoadedScenario {
  const scenario = {
    name: 'numbers',
    subject: {
      workload: [
        'sh',
        '-c',
        'for i in 1 2 3 4 5 6 7 8 9; do echo $i >> n$i; sync n$i .; echo $i; echo - >> n; done',
      ],
      checker: [
        'sh',
        '-c',
        'while read -r i; do read -r n < n$i; [ "$n" = "$i" ] || exit 1; done < "$POWERCUT_ACKED"; cmp -s n n || [ ! -e n ]',
      ],
    },
    claims: { durability: ['power-loss'] },
  };
  return parseScenario(JSON.stringify(scenario), join(packageRoot, 'numbers.json'));
}

function temporaryDirectory(): string {
  const memory = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  return fs.mkdtempSync(join(memory, 'powercut-bench-'));
}

async function main(): Promise<void> {
  const wal = await loadScenario(join(packageRoot, 'scenarios', 'reference-wal.yaml'));
  const longer = withOperations(wal, 20);
  const sqlite = await loadScenario(join(packageRoot, 'scenarios', 'sqlite-wal-full.yaml'));
  const rows: readonly Measured[] = [
    {
      name: 'reference WAL, driver',
      loaded: wal,
      layer: 'fuse',
      lanes: 1,
      states: 3000,
    },
    {
      name: 'reference WAL, driver',
      loaded: wal,
      layer: 'fuse',
      lanes: 2,
      states: 3000,
    },
    {
      name: 'reference WAL, in process (sim)',
      loaded: wal,
      layer: 'sim',
      lanes: 1,
      states: 3000,
    },
    {
      name: 'reference WAL, in process (sim), 20 operations',
      loaded: longer,
      layer: 'sim',
      lanes: 1,
      states: 3000,
    },
    { name: 'SQLite, driver', loaded: sqlite, layer: 'fuse', lanes: 2, states: 500 },
    {
      name: 'sh and cmp, command pair',
      loaded: commandPair(),
      layer: 'fuse',
      lanes: 2,
      states: 500,
    },
  ];
  const classic = measureClassic();
  const printed = [
    ['reference WAL, classic cycle', '1', '1', '1', classic.toFixed(2), classic.toFixed(2), '', '', '1x'],
  ];
  for (const row of rows) {
    const { images, recovered, rate, stateRate, ratePerCpu, stateRatePerCpu } = await measure(row);
    const ratio = row.loaded === wal ? `${Math.round(rate / classic)}x` : '';
    printed.push([
      row.name,
      String(row.lanes),
      String(images),
      String(recovered),
      stateRate.toFixed(0),
      rate.toFixed(0),
      stateRatePerCpu.toFixed(0),
      ratePerCpu.toFixed(0),
      ratio,
    ]);
  }
  printTable(
    [
      'subject',
      'lanes',
      'images',
      'recovered',
      'states/s',
      'images/s',
      'states/CPU s',
      'images/CPU s',
      'images ratio',
    ],
    printed,
  );
  const { build, recover, judge } = await splitOf(longer, rounds, 3000);
  console.log('\nCPU microseconds for an image that was recovered, reference WAL in process, 20 operations:');
  printTable(['build', 'recover', 'judge'], [[build.toFixed(0), recover.toFixed(0), judge.toFixed(0)]]);
}

function withOperations(loaded: LoadedScenario, operations: number): LoadedScenario {
  const { scenario } = loaded;
  return { ...loaded, scenario: { ...scenario, workload: { ...scenario.workload, operations } } };
}

if (program === fileURLToPath(import.meta.url)) {
  if (role === 'classic') await runClassic();
  else await main();
}
