import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFuseLayer } from '../../src/faults/fuse/layer.ts';
import type { FaultLayer, Place } from '../../src/faults/layer.ts';
import type { CrashState } from '../../src/faults/model/image.ts';
import { liveTree } from '../../src/faults/model/recording.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import { faultsAtRest, stallMsFor } from '../at-rest.ts';
import { mountedHost, simulatedHost } from '../litmus/hosts.ts';
import { OutcomeJudge } from '../litmus/judge.ts';
import { ProgramRecorder } from '../litmus/recorder.ts';
import type { LoadedScenario } from '../scenario.ts';
import { placeDirectories, resolveCommand } from '../subject/command.ts';
import { startDriver } from '../subject/driver.ts';
import { loadSubjectModule, startInProcess } from '../subject/in-process.ts';
import { CheckerJudge } from './checker-judge.ts';
import { CommandRecorder } from './command-recorder.ts';
import { onDevice } from './device-layer.ts';
import type { Judge } from './judge.ts';
import { layOut } from './lay-out.ts';
import { readBack } from './read-back.ts';
import type { Recorder } from './recorder.ts';
import { RequestJudge, type Shelf } from './request-judge.ts';
import { RequestRecorder } from './request-recorder.ts';
import { type StartSubject, SubjectSource } from './subject-source.ts';

/** One core's worth of a run: a fault layer with a subject on it, and a judge with a subject of its own. */
export interface Lane {
  readonly recorder: Recorder;
  readonly judge: Judge;
  /** The judge for the image that a crash state leaves, on a disk with the faults that it is to go on having. */
  judgeOf(state: CrashState, image: Tree): Promise<Judge>;
  /** Kills the subjects: whatever is asked of them ends now. */
  abort(): Promise<void>;
  close(): Promise<void>;
}

export interface LaneSettings {
  readonly loaded: LoadedScenario;
  readonly layer: 'fuse' | 'sim';
  readonly seed: number;
  /** A directory of this lane's own, best on a memory file system. The sim layer uses none. */
  readonly directory: string;
}

/** What {@link openLane} puts together. */
interface Parts {
  readonly recorder: Recorder;
  readonly judge: Judge;
  /** `plan`: what the disk under the next image does. */
  readonly openFaultyJudge: (plan: () => Plan) => Promise<Judge>;
}

export async function openLane(settings: LaneSettings): Promise<Lane> {
  const parts = await openParts(settings);
  const { recorder, judge, openFaultyJudge } = parts;
  const stallMs = stallMsFor(settings.loaded.scenario.explore.timeoutSeconds);
  let plan: Plan = [];
  let faulty: Promise<Judge> | undefined;
  return {
    recorder,
    judge,
    async judgeOf(state, image) {
      plan = faultsAtRest(state, image, stallMs);
      if (plan.length === 0) return judge;
      faulty ??= openFaultyJudge(() => plan);
      return faulty;
    },
    async abort() {
      await Promise.all([recorder.abort(), judge.abort(), faulty?.then((opened) => opened.abort())]);
    },
    async close() {
      await (await faulty)?.close();
      await judge.close();
      await recorder.close();
    },
  };
}

function openParts(settings: LaneSettings): Promise<Parts> {
  if (settings.loaded.scenario.subject.program !== undefined) return openProgramLane(settings);
  return settings.layer === 'sim' ? openSimLane(settings) : openFuseLane(settings);
}

/** Nothing recovers after a litmus program: its images are looked at as they are. */
async function openProgramLane({ loaded, layer, directory }: LaneSettings): Promise<Parts> {
  const host =
    layer === 'sim'
      ? simulatedHost(loaded)
      : mountedHost(loaded, () => openMount(loaded, directory, 'layer'));
  const judge = new OutcomeJudge(loaded.scenario);
  return { recorder: new ProgramRecorder(loaded, host), judge, openFaultyJudge: async () => judge };
}

async function openMount({ scenario }: LoadedScenario, directory: string, name: string): Promise<FaultLayer> {
  const { volumes, device } = scenario;
  return onDevice(await openFuseLayer({ volumes, directory: subdirectory(directory, name) }), device);
}

async function openFuseLane({ loaded, seed, directory }: LaneSettings): Promise<Parts> {
  const { scenario } = loaded;
  const layer = await openMount(loaded, directory, 'layer');
  const images = subdirectory(directory, 'images');
  const scratch = subdirectory(directory, 'scratch');
  const directories = new Map(
    scenario.volumes.map((volume) => [volume, subdirectory(images, volume)] as const),
  );
  const { options, workload } = scenario.subject;
  const start = driverStarter(loaded);
  const judgeAt = (at: ReadonlyMap<string, string>, place: Place, shelf: Shelf): Judge =>
    workload === undefined
      ? new RequestJudge(new SubjectSource(start, place), shelf, options, seed)
      : new CheckerJudge(loaded, at, shelf, scratch);
  const judgeOnMount = async (name: string, plan: () => Plan) => {
    const shelf = await openMount(loaded, directory, name);
    return judgeAt(placeDirectories(shelf.place), shelf.place, layerShelf(shelf, plan));
  };
  return {
    recorder:
      workload === undefined
        ? requestRecorder(loaded, layer, start, seed)
        : new CommandRecorder(loaded, layer, scratch),
    // A disk that can be full is so while a subject recovers, too.
    judge:
      scenario.device?.capacityBytes === undefined
        ? judgeAt(directories, { kind: 'directories', directories }, directoryShelf(directories))
        : await judgeOnMount('limited', () => []),
    openFaultyJudge: (plan) => judgeOnMount('faulty', plan),
  };
}

async function openSimLane({ loaded, seed }: LaneSettings): Promise<Parts> {
  const { openSimLayer } = await import('../../src/faults/sim/layer.ts');
  const { scenario } = loaded;
  const createSubject = await loadSubjectModule(
    resolveCommand([scenario.subject.module ?? ''], loaded.directory)[0] ?? '',
  );
  const timeoutMs = scenario.explore.timeoutSeconds * 1000;
  const start: StartSubject = (place) => startInProcess({ createSubject, place, timeoutMs });
  const openLayer = () => onDevice(openSimLayer(scenario.volumes), scenario.device);
  const layer = openLayer();
  const judgeOn = (plan: () => Plan) => {
    const shelf = openLayer();
    const source = new SubjectSource(start, shelf.place);
    return new RequestJudge(source, layerShelf(shelf, plan), scenario.subject.options, seed);
  };
  return {
    recorder: requestRecorder(loaded, layer, start, seed),
    judge: judgeOn(() => []),
    openFaultyJudge: async (plan) => judgeOn(plan),
  };
}

/** Plain files: recovery needs no fault layer where no live fault is planned. */
function directoryShelf(directories: ReadonlyMap<string, string>): Shelf {
  return {
    put: async (image) => layOut(image, directories),
    look: async () => readBack(directories),
    close: async () => {},
  };
}

function layerShelf(layer: FaultLayer, plan: () => Plan): Shelf {
  return {
    put(image, { recording }) {
      const rules = plan();
      // What a stale read answers is in the recording: the disk goes on from it.
      const goesOn = rules.some(({ fault }) => fault === 'stale-read');
      return layer.begin(goesOn ? recording : { base: image, trace: [] }, rules);
    },
    look: async () => liveTree((await layer.end()).recording),
    close: () => layer.close(),
  };
}

function requestRecorder(
  loaded: LoadedScenario,
  layer: FaultLayer,
  start: StartSubject,
  seed: number,
): Recorder {
  return new RequestRecorder(loaded, layer, new SubjectSource(start, layer.place), seed);
}

function driverStarter({ scenario, directory }: LoadedScenario): StartSubject {
  return (place: Place) =>
    startDriver({
      command: resolveCommand(scenario.subject.driver ?? [], directory),
      cwd: directory,
      environment: scenario.subject.environment,
      place,
      timeoutMs: scenario.explore.timeoutSeconds * 1000,
    });
}

function subdirectory(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}
