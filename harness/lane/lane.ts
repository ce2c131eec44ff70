import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFuseLayer } from '../../src/faults/fuse/layer.ts';
import type { FaultLayer, Place } from '../../src/faults/layer.ts';
import type { CrashState } from '../../src/faults/model/image.ts';
import { liveTree } from '../../src/faults/model/recording.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import { faultsAtRest } from '../live-faults.ts';
import type { LoadedScenario } from '../scenario.ts';
import { placeDirectories, resolveCommand } from '../subject/command.ts';
import { startDriver } from '../subject/driver.ts';
import { loadSubjectModule, startInProcess } from '../subject/in-process.ts';
import { CheckerJudge } from './checker-judge.ts';
import { CommandRecorder } from './command-recorder.ts';
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
  const parts = await (settings.layer === 'sim' ? openSimLane(settings) : openFuseLane(settings));
  const { recorder, judge, openFaultyJudge } = parts;
  let plan: Plan = [];
  let faulty: Promise<Judge> | undefined;
  return {
    recorder,
    judge,
    async judgeOf(state, image) {
      plan = faultsAtRest(state, image);
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

async function openFuseLane({ loaded, seed, directory }: LaneSettings): Promise<Parts> {
  const { scenario } = loaded;
  const layer = await openFuseLayer({
    volumes: scenario.volumes,
    directory: subdirectory(directory, 'layer'),
  });
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
  return {
    recorder:
      workload === undefined
        ? requestRecorder(loaded, layer, start, seed)
        : new CommandRecorder(loaded, layer, scratch),
    judge: judgeAt(directories, { kind: 'directories', directories }, directoryShelf(directories)),
    async openFaultyJudge(plan) {
      const shelf = await openFuseLayer({
        volumes: scenario.volumes,
        directory: subdirectory(directory, 'faulty'),
      });
      return judgeAt(placeDirectories(shelf.place), shelf.place, layerShelf(shelf, plan));
    },
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
  const layer = openSimLayer(scenario.volumes);
  const judgeOn = (plan: () => Plan) => {
    const shelf = openSimLayer(scenario.volumes);
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
    put: (image) => layer.begin({ base: image, trace: [] }, plan()),
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
