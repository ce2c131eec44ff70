import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFuseLayer } from '../../src/faults/fuse/layer.ts';
import type { FaultLayer, Place } from '../../src/faults/layer.ts';
import { liveTree } from '../../src/faults/model/recording.ts';
import type { LoadedScenario } from '../scenario.ts';
import { resolveCommand } from '../subject/command.ts';
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

export async function openLane(settings: LaneSettings): Promise<Lane> {
  const { recorder, judge } = await (settings.layer === 'sim'
    ? openSimLane(settings)
    : openFuseLane(settings));
  return {
    recorder,
    judge,
    async abort() {
      await Promise.all([recorder.abort(), judge.abort()]);
    },
    async close() {
      await judge.close();
      await recorder.close();
    },
  };
}

async function openFuseLane({ loaded, seed, directory }: LaneSettings) {
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
  if (scenario.subject.workload !== undefined) {
    const recorder = new CommandRecorder(loaded, layer, scratch);
    return { recorder, judge: new CheckerJudge(loaded, directories, scratch) };
  }
  const start = driverStarter(loaded);
  const source = new SubjectSource(start, { kind: 'directories', directories });
  const judge = new RequestJudge(source, directoryShelf(directories), scenario.subject.options, seed);
  return { recorder: requestRecorder(loaded, layer, start, seed), judge };
}

async function openSimLane({ loaded, seed }: LaneSettings) {
  const { openSimLayer } = await import('../../src/faults/sim/layer.ts');
  const { scenario } = loaded;
  const createSubject = await loadSubjectModule(
    resolveCommand([scenario.subject.module ?? ''], loaded.directory)[0] ?? '',
  );
  const timeoutMs = scenario.explore.timeoutSeconds * 1000;
  const start: StartSubject = (place) => startInProcess({ createSubject, place, timeoutMs });
  const layer = openSimLayer(scenario.volumes);
  const shelf = openSimLayer(scenario.volumes);
  const source = new SubjectSource(start, shelf.place);
  const judge = new RequestJudge(source, layerShelf(shelf), scenario.subject.options, seed);
  return { recorder: requestRecorder(loaded, layer, start, seed), judge };
}

/** Plain files: recovery needs no fault layer where no live fault is planned. */
function directoryShelf(directories: ReadonlyMap<string, string>): Shelf {
  return {
    put: async (image) => layOut(image, directories),
    look: async () => readBack(directories),
    close: async () => {},
  };
}

function layerShelf(layer: FaultLayer): Shelf {
  return {
    put: (image) => layer.begin({ base: image, trace: [] }, []),
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
