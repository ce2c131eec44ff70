import { type Lane, openLane } from '../harness/lane/lane.ts';
import { promisesBefore, type RecordedRun } from '../harness/recorded-run.ts';
import type { LoadedScenario } from '../harness/scenario.ts';
import { createWorkload } from '../harness/workload/workload.ts';
import type { Claim } from '../reports/verdict.ts';
import { crashStates } from '../src/faults/model/crash-states.ts';
import { takeApart } from '../src/faults/model/effects.ts';
import { type CrashState, Images } from '../src/faults/model/image.ts';
import { imageKey } from '../src/faults/model/image-key.ts';
import { profileNamed } from '../src/faults/model/profile.ts';
import type { Tree } from '../src/faults/model/tree.ts';

/** CPU microseconds an image, for each part of the way from a recording to a verdict. */
export interface Split {
  /** All legal states enumerated and built, and the equal ones among them found. */
  readonly build: number;
  /** The subject opened, read, written to and opened again. */
  readonly recover: number;
  /** All claims, for each promise that the image was left with. */
  readonly judge: number;
}

interface Crash {
  readonly state: CrashState;
  readonly image: Tree;
  readonly key: string;
}

/** Where the time of the sim layer goes, in this process: power cuts of `rounds` workloads, after as many to warm up. */
export async function splitOf(loaded: LoadedScenario, rounds: number, limit: number): Promise<Split> {
  const lane = await openLane({ loaded, layer: 'sim', seed: 1, directory: '' });
  const claims = Object.keys(loaded.scenario.claims) as Claim[];
  const spent = { build: 0, recover: 0, judge: 0 };
  let images = 0;
  for (let seed = 1; seed <= 2 * rounds; seed++) {
    const run = await record(lane, loaded, seed);
    const start = cpuMicroseconds();
    const crashes = crashesOf(run, limit);
    const built = cpuMicroseconds();
    const recovered = await judgeAll(lane, run, crashes, []);
    const shown = cpuMicroseconds();
    await judgeAll(lane, run, crashes, claims);
    const judged = cpuMicroseconds();
    if (seed <= rounds) continue;
    spent.build += built - start;
    spent.recover += shown - built;
    spent.judge += judged - shown;
    images += recovered;
  }
  await lane.close();
  return { build: spent.build / images, recover: spent.recover / images, judge: spent.judge / images };
}

/** One for each different image with different promises. */
function crashesOf(run: RecordedRun, limit: number): Crash[] {
  const trace = takeApart(run.recording);
  const { states } = crashStates(trace, profileNamed('posix'), 'power-loss', { seed: 1, limit });
  const promises = promisesBefore(run);
  const images = new Images(trace);
  const different = new Map<string, Crash>();
  for (const state of states) {
    const image = images.at(state);
    const key = imageKey(image);
    const promisedKey = `${promises[state.point]} ${key}`;
    if (!different.has(promisedKey)) different.set(promisedKey, { state, image, key });
  }
  return [...different.values()];
}

/** Answers on how many images the subject recovered: it does so once on equal ones. */
async function judgeAll(
  lane: Lane,
  run: RecordedRun,
  crashes: readonly Crash[],
  claims: readonly Claim[],
): Promise<number> {
  let count = 0;
  for (const { state, image, key } of crashes) {
    const { recovered } = await lane.judge.judge(image, run, state.point, claims, { key });
    if (recovered) count += 1;
  }
  return count;
}

async function record(lane: Lane, { scenario }: LoadedScenario, seed: number): Promise<RecordedRun> {
  const { model, features } = await lane.recorder.hello();
  const mutations = createWorkload(model, scenario.workload, features, seed);
  return lane.recorder.workload(
    mutations.map((mutation, index) => ({ index, mutation })),
    [],
  );
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
