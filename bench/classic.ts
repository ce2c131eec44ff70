import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { observe } from '../harness/lane/observe.ts';
import type { LoadedScenario } from '../harness/scenario.ts';
import { resolveCommand } from '../harness/subject/command.ts';
import { startDriver } from '../harness/subject/driver.ts';
import type { Mutation, Subject } from '../harness/subject/subject.ts';
import { createWorkload } from '../harness/workload/workload.ts';
import { openFuseLayer } from '../src/faults/fuse/layer.ts';
import type { FaultLayer } from '../src/faults/layer.ts';
import { crashStates } from '../src/faults/model/crash-states.ts';
import { takeApart } from '../src/faults/model/effects.ts';
import { buildImage } from '../src/faults/model/image.ts';
import { profileNamed } from '../src/faults/model/profile.ts';
import type { Recording } from '../src/faults/model/recording.ts';
import { emptyTree, type Tree } from '../src/faults/model/tree.ts';

/**
 * The cycle that crash testers without a model of the disk go through for each crash state: mount, run the workload,
 * kill it, drop what was not synced, mount again, let it recover, look.
 */
export async function classicCycle(loaded: LoadedScenario, directory: string): Promise<void> {
  const recording = await onMount(join(directory, 'before'), emptyTree(['data']), async (layer) => {
    const subject = await start(loaded, layer);
    const { options } = loaded.scenario.subject;
    const mutations = createWorkload('log', loaded.scenario.workload, ['batch'], 1);
    await askAll(subject, options, mutations);
    await subject.kill();
  });
  await onMount(join(directory, 'after'), unsyncedDropped(recording), async (layer) => {
    const subject = await start(loaded, layer);
    const { open } = await observe(subject, loaded.scenario.subject.options, []);
    await subject.kill();
    if (open.kind !== 'ok') throw new Error(`the subject did not recover: ${JSON.stringify(open)}`);
  });
}

async function onMount(
  directory: string,
  base: Tree,
  work: (layer: FaultLayer) => Promise<void>,
): Promise<Recording> {
  mkdirSync(directory, { recursive: true });
  const layer = await openFuseLayer({ volumes: ['data'], directory });
  try {
    await layer.begin({ base, trace: [] }, []);
    await work(layer);
    return (await layer.end()).recording;
  } finally {
    await layer.close();
  }
}

async function start({ scenario, directory }: LoadedScenario, layer: FaultLayer): Promise<Subject> {
  const command = resolveCommand(scenario.subject.driver ?? [], directory);
  const { environment } = scenario.subject;
  const subject = await startDriver({
    command,
    cwd: directory,
    environment,
    place: layer.place,
    timeoutMs: 60_000,
  });
  await subject.request({ op: 'hello', protocol: 1 });
  return subject;
}

async function askAll(
  subject: Subject,
  options: Readonly<Record<string, unknown>>,
  mutations: readonly Mutation[],
): Promise<void> {
  await subject.request({ op: 'open', options });
  for (const mutation of mutations) await subject.request(mutation);
}

/** What the power leaves at the end where it takes all that no barrier covers. */
function unsyncedDropped(recording: Recording): Tree {
  const trace = takeApart(recording);
  const { states, points } = crashStates(trace, profileNamed('posix'), 'power-loss', {
    seed: 1,
    limit: 10_000,
  });
  const last = points.at(-1);
  for (const state of states) {
    if (state.point === last && state.lost.length > 0) return buildImage(trace, state);
  }
  return buildImage(trace, { point: last ?? 0, lost: [], filler: 'old' });
}
