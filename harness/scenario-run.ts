import { relative } from 'node:path';
import type { Claim, FaultKind, ScenarioVerdict } from '../reports/verdict.ts';
import type { LayerName } from '../src/faults/layer.ts';
import { describeDevice } from '../src/faults/model/device.ts';
import { restFaults } from './at-rest.ts';
import {
  fileSystemsFor,
  isAsked,
  isOnDisks,
  joinVerdicts,
  leftOutNotes,
  onFileSystem,
  passedOverNote,
  whyNotOnFileSystem,
} from './disks.ts';
import type { ExploredFault, ExploreTask } from './exploration.ts';
import { whyMissingHere } from './file-systems-here.ts';
import { buildFindings, type FindingContext } from './findings.ts';
import { writeHistory } from './history.ts';
import type { Lanes } from './lane/lanes.ts';
import type { LaneProcess } from './lane/process.ts';
import { LaneFailure, namespacesFor } from './lane/process.ts';
import type { LayerChoice } from './layers.ts';
import { neverFound } from './litmus/tightness.ts';
import { liveFaults } from './live-faults.ts';
import { countViolated, type Explored, mergeResults } from './merge.ts';
import type { RunOptions, TortureProgress } from './options.ts';
import type { NumberedStep, RecordedRun } from './recorded-run.ts';
import { asksNothing, type LoadedScenario } from './scenario.ts';
import { assemble, notTested, unknownScenario } from './scenario-verdict.ts';
import type { SubjectHello } from './subject/subject.ts';
import { underOneFault } from './torture/befallen.ts';
import { tallyCycles } from './torture/tally.ts';
import { usesOf } from './torture/victim.ts';
import { createWorkload } from './workload/workload.ts';

export interface ScenarioContext {
  readonly options: RunOptions;
  readonly lanes: Lanes;
  /** Findings of earlier scenarios of the run: theirs are numbered on. */
  readonly findingsBefore: number;
  /** Why the run is to end now, if it is. */
  readonly whyStopped: () => string | undefined;
  readonly onPhase: (phase: string) => void;
  /** How many violations the scenario has so far, confirmed or not. */
  readonly onFound: (count: number) => void;
  readonly onTortured: (progress: TortureProgress) => void;
}

/** Puts one scenario to the test. */
export type JudgeScenario = (
  loaded: LoadedScenario,
  choice: LayerChoice,
  context: ScenarioContext,
) => Promise<ScenarioVerdict>;

/** One scenario on all lanes: record, explore each fault under each profile, shrink what was found. */
export const runScenario: JudgeScenario = async (loaded, choice, context) => {
  if (choice.kind === 'use' && isOnDisks(choice.layer)) return runOnFileSystems(loaded, choice, context);
  return runOnLanes(loaded, choice, context);
};

const runOnLanes: JudgeScenario = (loaded, choice, context) =>
  onLanes(loaded, choice, context, (layer, lanes) => new ScenarioRun(loaded, layer, lanes, context).run());

/** One file system after the other: each has a run of its own, since each makes other requests of the disk. */
async function runOnFileSystems(
  loaded: LoadedScenario,
  choice: Extract<LayerChoice, { kind: 'use' }>,
  context: ScenarioContext,
): Promise<ScenarioVerdict> {
  const { profiles, ...options } = context.options;
  const { canary } = loaded.scenario;
  const { scenario } = loaded;
  const notes = [
    ...passedOverNote(scenario, choice.layer, profiles),
    ...leftOutNotes(scenario, choice.layer),
  ];
  if (canary !== undefined && !isAsked(choice.layer, canary.breaks, canary.under))
    return notTested(loaded, choice.layer, notes.join(' '));
  const verdicts: ScenarioVerdict[] = [];
  let { findingsBefore } = context;
  for (const fileSystem of fileSystemsFor(loaded.scenario, profiles)) {
    const here = onFileSystem(loaded, fileSystem, choice.layer);
    const why = whyMissingHere(fileSystem) ?? whyNotOnFileSystem(loaded.scenario, fileSystem, choice.layer);
    if (why !== undefined) {
      verdicts.push(notTested(here, choice.layer, why));
      continue;
    }
    const onPhase = (phase: string) => context.onPhase(`${fileSystem}: ${phase}`);
    const verdict = await runOnLanes(here, choice, { ...context, options, findingsBefore, onPhase });
    findingsBefore += verdict.findings.length;
    verdicts.push(verdict);
  }
  return joinVerdicts(verdicts, canary, notes);
}

/** Takes the lanes for some work, and says what came of it where there was none, or where the subject does not even start. */
export async function onLanes(
  loaded: LoadedScenario,
  choice: LayerChoice,
  context: ScenarioContext,
  work: (layer: LayerName, lanes: readonly LaneProcess[]) => Promise<ScenarioVerdict>,
): Promise<ScenarioVerdict> {
  const stopped = context.whyStopped();
  if (stopped !== undefined) return notTested(loaded, '-', stopped);
  if (choice.kind === 'missing') return notTested(loaded, choice.layer, choice.why);
  const lanes = await context.lanes.take(namespacesFor(choice.layer, loaded));
  try {
    const verdict = await work(choice.layer, lanes);
    return choice.note === undefined ? verdict : { ...verdict, notes: [choice.note, ...verdict.notes] };
  } catch (error) {
    // What the subject did wrong is its own; anything else is powercut's, and ends the run.
    if (!(error instanceof LaneFailure) || error.cause !== 'SubjectFailure') throw error;
    const why = context.whyStopped();
    if (why !== undefined) return notTested(loaded, choice.layer, why);
    return unknownScenario(loaded, choice.layer, `The subject failed before any fault. ${error.message}`);
  } finally {
    await Promise.allSettled(lanes.map((lane) => lane.call('close', undefined)));
  }
}

export class ScenarioRun {
  /** What the workload asked and did, once it has ended well. */
  recorded: { readonly steps: readonly NumberedStep[]; readonly run: RecordedRun } | undefined;
  private readonly loaded: LoadedScenario;
  private readonly layer: LayerName;
  private readonly lanes: readonly LaneProcess[];
  private readonly context: ScenarioContext;

  constructor(
    loaded: LoadedScenario,
    layer: LayerName,
    lanes: readonly LaneProcess[],
    context: ScenarioContext,
  ) {
    this.loaded = loaded;
    this.layer = layer;
    this.lanes = lanes;
    this.context = context;
  }

  async run(): Promise<ScenarioVerdict> {
    const { loaded, layer, context, lanes } = this;
    const { seed } = context.options;
    context.onPhase('recording');
    await Promise.all(lanes.map((lane) => lane.call('open', { loaded, layer, seed })));
    const [first] = lanes;
    if (first === undefined) throw new Error('a run needs at least one lane');
    const hello = await first.call('hello', undefined);
    const steps = this.workload(hello);
    const run = await first.call('record', steps);
    const stopped = context.whyStopped();
    if (stopped !== undefined) return notTested(loaded, layer, stopped);
    if (run.endedEarly !== undefined) {
      return unknownScenario(loaded, layer, `The subject failed without any fault. ${run.endedEarly}`);
    }
    this.recorded = { steps, run };
    writeHistory(context.options.outputDirectory, loaded.scenario.name, run);
    const explored: Explored[] = [];
    for (const fault of this.faults()) {
      for (const profile of this.profilesFor(fault)) {
        if (context.whyStopped() !== undefined) break;
        explored.push(await this.explore(run, fault, profile));
        context.onFound(explored.reduce((sum, { result }) => sum + countViolated(result.tallies), 0));
      }
    }
    context.onPhase('shrinking');
    const findings = await buildFindings(explored, lanes, findingContext(loaded, layer, context));
    const cut = context.whyStopped();
    return assemble({
      loaded,
      layer,
      hello,
      run,
      steps,
      explored,
      findings,
      notes: this.notes(explored),
      ...(context.options.shard === undefined ? {} : { part: context.options.shard.index }),
      ...(cut === undefined ? {} : { cut }),
    });
  }

  private workload(hello: SubjectHello): readonly NumberedStep[] {
    const { scenario } = this.loaded;
    if (asksNothing(scenario)) return [];
    const { workload } = scenario;
    const mutations = createWorkload(hello.model, workload, hello.features, this.context.options.seed);
    return mutations.map((mutation, index) => ({ index, mutation }));
  }

  private async explore(run: RecordedRun, fault: ExploredFault, profile: string): Promise<Explored> {
    const { options, onPhase } = this.context;
    const { explore, subject } = this.loaded.scenario;
    onPhase(profile === anyProfile || isOnDisks(this.layer) ? fault : `${fault} on ${profile}`);
    const task = (share: Pick<ExploreTask, 'share' | 'images'>): ExploreTask => ({
      run,
      fault,
      profile: profile === anyProfile ? 'posix' : profile,
      claims: this.claimsUnder(fault),
      seed: options.seed,
      limit: options.states ?? explore.states,
      nested: explore.nested,
      ...(explore.sweep === undefined ? {} : { sweep: explore.sweep }),
      ...(explore.fsyncError === undefined ? {} : { fsyncError: explore.fsyncError }),
      ...(subject.program === undefined ? {} : { only: this.isWrittenBack ? 'written-back' : 'workload' }),
      ...share,
    });
    const results = await Promise.all(
      this.lanes.map((lane, index) => lane.call('explore', task(this.share(index)))),
    );
    const merged = mergeResults(results);
    const tortured = fault === 'process-kill' ? await this.torture(run) : undefined;
    return {
      fault,
      profile,
      task: task({ share: { index: 0, count: 1 } }),
      result: merged,
      ...(tortured && { tortured }),
    };
  }

  /** Real kills need a process, and one lane, since each cycle goes on from the one before. */
  private async torture(run: RecordedRun) {
    const { kills } = this.loaded.scenario.explore;
    const [lane] = this.lanes;
    if (this.layer !== 'fuse' || kills === 0 || lane === undefined) return undefined;
    this.context.onPhase('killing at random');
    const victim = {
      scenario: underOneFault(this.loaded.scenario, 'process-kill'),
      hello: await lane.call('hello', undefined),
      uses: usesOf(run.recording),
      seed: this.context.options.seed,
      profiles: ['posix'],
      isProcess: true,
      isContainer: this.loaded.container !== undefined,
    };
    return tallyCycles(await lane.call('torture', { victim, from: 0, count: kills }), 'process-kill');
  }

  private notes(explored: readonly Explored[]): string[] {
    const { scenario } = this.loaded;
    const disk = scenario.device === undefined ? [] : [`The volumes are ${describeDevice(scenario.device)}.`];
    // A shard does not know what the others found.
    const { shard } = this.context.options;
    return shard === undefined ? [...disk, ...neverFound(scenario, explored)] : disk;
  }

  /** A litmus program on disks: what the kernel writes after its last call is looked at, and nothing else. */
  private get isWrittenBack(): boolean {
    return this.loaded.scenario.subject.program !== undefined && isOnDisks(this.layer);
  }

  private share(lane: number): Pick<ExploreTask, 'share' | 'images'> {
    const shard = this.context.options.shard ?? { index: 1, count: 1 };
    const count = this.lanes.length;
    // A litmus program on disks has two runs, which go round among lanes, but not among the parts of a run.
    if (this.isWrittenBack)
      return { share: { index: lane, count }, images: { index: shard.index - 1, count: shard.count } };
    return { share: { index: (shard.index - 1) * count + lane, count: shard.count * count } };
  }

  private faults(): ExploredFault[] {
    const stated = new Set(Object.values(this.loaded.scenario.claims).flat());
    return exploredFaults.filter((fault) => stated.has(fault));
  }

  private claimsUnder(fault: FaultKind): Claim[] {
    const { claims } = this.loaded.scenario;
    return (Object.keys(claims) as Claim[]).filter((claim) => claims[claim]?.includes(fault));
  }

  private profilesFor(fault: ExploredFault): readonly string[] {
    if (isOnDisks(this.layer)) return this.loaded.scenario.profiles;
    if (faultsOnAnyProfile.includes(fault)) return [anyProfile];
    return this.context.options.profiles ?? this.loaded.scenario.profiles;
  }
}

/** Where findings of a scenario go, and what they are told with. */
export function findingContext(
  loaded: LoadedScenario,
  layer: LayerName,
  { options, findingsBefore, whyStopped }: ScenarioContext,
): FindingContext {
  const { seed, outputDirectory, bail } = options;
  return {
    scenarioFile: relative('', loaded.file),
    layer,
    container: loaded.container !== undefined,
    seed,
    outputDirectory,
    findingsBefore,
    ...(bail === undefined ? {} : { most: bail }),
    whyStopped,
  };
}

/** For faults whose states no profile changes. */
const anyProfile = 'any';

const faultsOnAnyProfile: readonly ExploredFault[] = ['process-kill', ...restFaults];

const exploredFaults: readonly ExploredFault[] = [
  'process-kill',
  'power-loss',
  'torn-write',
  ...liveFaults,
  ...restFaults,
];
