import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FileSystem, fileSystemNamed } from '../../src/faults/block/file-systems.ts';
import { openFuseLayer } from '../../src/faults/fuse/layer.ts';
import type { FaultLayer, LayerName, Place } from '../../src/faults/layer.ts';
import type { CrashState } from '../../src/faults/model/image.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import { faultsAtRest, stallMsFor } from '../at-rest.ts';
import { isOnDisks } from '../disks.ts';
import { mountedHost, simulatedHost } from '../litmus/hosts.ts';
import { OutcomeJudge } from '../litmus/judge.ts';
import { ProgramRecorder } from '../litmus/recorder.ts';
import type { LoadedScenario } from '../scenario.ts';
import { placeDirectories, resolveCommand } from '../subject/command.ts';
import { startDriver } from '../subject/driver.ts';
import { loadSubjectModule, startInProcess } from '../subject/in-process.ts';
import type { StartProcess } from '../subject/process.ts';
import { CheckerJudge } from './checker-judge.ts';
import { CommandRecorder } from './command-recorder.ts';
import { onDevice } from './device-layer.ts';
import type { Judge } from './judge.ts';
import type { Recorder } from './recorder.ts';
import { RequestJudge } from './request-judge.ts';
import { RequestRecorder } from './request-recorder.ts';
import { directoryShelf, layerShelf, type PlacedShelf, type Shelf } from './shelf.ts';
import { type StartSubject, SubjectSource } from './subject-source.ts';

/** One core's worth of a run: a fault layer with a subject on it, and a judge with a subject of its own. */
export interface Lane {
  readonly recorder: Recorder;
  readonly judge: Judge;
  /** Whether a plan can name the request that a fault befalls; else the fault begins at a promise. */
  readonly countsRequests: boolean;
  /** The judge for the image that a crash state leaves, on a disk with the faults that it is to go on having. */
  judgeOf(state: CrashState, image: Tree): Promise<Judge>;
  /** Kills the subjects: whatever is asked of them ends now. */
  abort(): Promise<void>;
  close(): Promise<void>;
}

export interface LaneSettings {
  readonly loaded: LoadedScenario;
  readonly layer: LayerName;
  readonly seed: number;
  /** A directory of this lane's own, best on a memory file system. The sim layer uses none. */
  readonly directory: string;
  /** Starts the subject's processes; on this machine where absent. */
  readonly start?: StartProcess;
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
    countsRequests: settings.layer !== 'dm',
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
  return settings.layer === 'sim' ? openSimLane(settings) : openProcessLane(settings);
}

/** Nothing recovers after a litmus program: its images are looked at as they are, or where there are disks, as the kernel mounts them. */
async function openProgramLane(settings: LaneSettings): Promise<Parts> {
  const { loaded, layer } = settings;
  const fileSystem = fileSystemUnder(settings);
  const host =
    layer === 'sim'
      ? simulatedHost(loaded)
      : mountedHost(loaded, () => openLayer(settings, 'layer'), fileSystem);
  const shelf = fileSystem === undefined ? undefined : await openShelf(settings);
  const judge = new OutcomeJudge(loaded.scenario, shelf);
  return { recorder: new ProgramRecorder(loaded, host), judge, openFaultyJudge: async () => judge };
}

async function openLayer(settings: LaneSettings, name: string): Promise<FaultLayer> {
  const { volumes, device } = settings.loaded.scenario;
  const options = { volumes, directory: subdirectory(settings.directory, name) };
  const fileSystem = fileSystemUnder(settings);
  if (fileSystem === undefined) return onDevice(await openFuseLayer(options), device);
  if (settings.layer === 'dm') {
    const { openDmLayer } = await import('../../src/faults/dm/layer.ts');
    return onDevice(await openDmLayer({ ...options, fileSystem }), device);
  }
  const { openBlockLayer } = await import('../../src/faults/block/layer.ts');
  return onDevice(await openBlockLayer({ ...options, fileSystem }), device);
}

async function openShelf(settings: LaneSettings): Promise<PlacedShelf> {
  const { volumes } = settings.loaded.scenario;
  const images = subdirectory(settings.directory, 'images');
  const fileSystem = fileSystemUnder(settings);
  if (fileSystem === undefined) return directoryShelf(volumes, images);
  const { diskShelf } = await import('./disk-shelf.ts');
  return diskShelf(volumes, images, fileSystem);
}

/** The kernel's own, where the volumes are disks: then it stands in the place of a profile, and a scenario has one. */
function fileSystemUnder({ loaded, layer }: LaneSettings): FileSystem | undefined {
  return isOnDisks(layer) ? fileSystemNamed(loaded.scenario.profiles[0] ?? '') : undefined;
}

async function openProcessLane(settings: LaneSettings): Promise<Parts> {
  const { loaded, seed, directory } = settings;
  const { options, workload } = loaded.scenario.subject;
  const layer = await openLayer(settings, 'layer');
  const scratch = subdirectory(directory, 'scratch');
  const start = driverStarter(settings);
  const judgeAt = (place: Place, shelf: Shelf): Judge =>
    workload === undefined
      ? new RequestJudge(new SubjectSource(start, place), shelf, options, seed)
      : new CheckerJudge(loaded, placeDirectories(place), shelf, scratch, settings.start);
  const judgeOnLayer = async (name: string, plan: () => Plan) => {
    const under = await openLayer(settings, name);
    return judgeAt(under.place, layerShelf(under, plan));
  };
  const judgeOnShelf = async () => {
    const shelf = await openShelf(settings);
    return judgeAt({ kind: 'directories', directories: shelf.directories }, shelf);
  };
  return {
    recorder:
      workload === undefined
        ? requestRecorder(loaded, layer, start, seed)
        : new CommandRecorder(loaded, layer, scratch, settings.start),
    // A disk that can be full is so while a subject recovers, too.
    judge:
      loaded.scenario.device?.capacityBytes === undefined
        ? await judgeOnShelf()
        : await judgeOnLayer('limited', () => []),
    openFaultyJudge: (plan) => judgeOnLayer('faulty', plan),
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
  const openSim = () => onDevice(openSimLayer(scenario.volumes), scenario.device);
  const layer = openSim();
  const judgeOn = (plan: () => Plan) => {
    const shelf = openSim();
    const source = new SubjectSource(start, shelf.place);
    return new RequestJudge(source, layerShelf(shelf, plan), scenario.subject.options, seed);
  };
  return {
    recorder: requestRecorder(loaded, layer, start, seed),
    judge: judgeOn(() => []),
    openFaultyJudge: async (plan) => judgeOn(plan),
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

function driverStarter({ loaded: { scenario, directory }, start }: LaneSettings): StartSubject {
  return (place: Place) =>
    startDriver({
      command: resolveCommand(scenario.subject.driver ?? [], directory),
      cwd: directory,
      environment: scenario.subject.environment,
      place,
      timeoutMs: scenario.explore.timeoutSeconds * 1000,
      ...(start && { start }),
    });
}

function subdirectory(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}
