import { join } from 'node:path';
import { onFileSystem } from '../harness/disks.ts';
import { LaneProcess, namespacesFor } from '../harness/lane/process.ts';
import { loadScenario } from '../harness/load-scenario.ts';
import { mergeResults } from '../harness/merge.ts';
import { packageRoot } from '../harness/package.ts';
import type { LoadedScenario } from '../harness/scenario.ts';
import { createWorkload } from '../harness/workload/workload.ts';
import type { Claim } from '../reports/verdict.ts';
import { descendantsCpuSeconds } from './cpu-time.ts';
import { medianOf, printTable } from './table.ts';

/**
 * How many crash images of disks are judged a second, end to end: laid out, attached, mounted (the kernel replays its journal), the reference
 * log recovered and judged on it, unmounted. On two lanes, both warm. `node dist/bench/block.js`
 */
const fileSystems = ['ext4-ordered', 'ext4-data-journal', 'xfs', 'btrfs'];
const lanesCount = 2;
/** Each round has another workload of the same length, and so other images. */
const warmUps = 1;
const rounds = 5;
const statesMax = 300;

interface Round {
  readonly images: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function measure(loaded: LoadedScenario): Promise<{ openSeconds: number; rounds: readonly Round[] }> {
  const lanes = Array.from(
    { length: lanesCount },
    (_, cpu) => new LaneProcess({ namespaces: namespacesFor('block', loaded), cpu, onJudged: () => {} }),
  );
  try {
    const start = performance.now();
    await Promise.all(lanes.map((lane) => lane.call('open', { loaded, layer: 'block', seed: 1 })));
    const openSeconds = (performance.now() - start) / 1000;
    const measured: Round[] = [];
    for (let seed = 1; seed <= warmUps + rounds; seed++) measured.push(await judgeOne(lanes, loaded, seed));
    return { openSeconds, rounds: measured.slice(warmUps) };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

async function judgeOne(lanes: readonly LaneProcess[], loaded: LoadedScenario, seed: number): Promise<Round> {
  const { workload, claims } = loaded.scenario;
  const [first] = lanes;
  if (first === undefined) throw new Error('at least one lane is needed');
  const { model, features } = await first.call('hello', undefined);
  const mutations = createWorkload(model, workload, features, seed);
  const steps = mutations.map((mutation, index) => ({ index, mutation }));
  const run = await first.call('record', steps);
  if (run.endedEarly !== undefined) throw new Error(run.endedEarly);
  const cpu = descendantsCpuSeconds();
  const start = performance.now();
  const results = await Promise.all(
    lanes.map((lane, index) =>
      lane.call('explore', {
        run,
        fault: 'power-loss',
        profile: loaded.scenario.profiles[0] ?? '',
        claims: Object.keys(claims) as Claim[],
        seed,
        limit: statesMax,
        nested: false,
        only: 'workload',
        share: { index, count: lanesCount },
      }),
    ),
  );
  const violated = [...mergeResults(results).tallies.values()].some((tally) => tally.violated > 0);
  if (violated) throw new Error('the reference log lost something: what was measured is worth nothing');
  return {
    images: results.reduce((sum, { judged }) => sum + judged, 0),
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: descendantsCpuSeconds() - cpu,
  };
}

const wal = await loadScenario(join(packageRoot, 'scenarios', 'reference-wal.yaml'));
const rows: string[][] = [];
for (const fileSystem of fileSystems) {
  const { openSeconds, rounds: measured } = await measure(onFileSystem(wal, fileSystem, 'block'));
  rows.push([
    fileSystem,
    String(measured.reduce((sum, { images }) => sum + images, 0)),
    medianOf(measured.map(({ images, seconds }) => images / seconds)).toFixed(0),
    medianOf(measured.map(({ images, cpuSeconds }) => images / cpuSeconds)).toFixed(0),
    openSeconds.toFixed(1),
  ]);
}
printTable(['file system', 'images', 'images/s', 'images/CPU s', 'seconds to open'], rows);
