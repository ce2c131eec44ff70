import { cpus, release } from 'node:os';
import { overallStatus } from '../reports/status.ts';
import type { ScenarioVerdict, Verdict } from '../reports/verdict.ts';
import { verdictSchemaVersion } from '../reports/verdict.ts';
import { probeBlock } from '../src/faults/block/probe.ts';
import { probeDm } from '../src/faults/dm/probe.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { judgeCanary } from './canary.ts';
import { type HousedScenario, houseScenario, inContainer } from './container/choice.ts';
import { repeatable } from './disks.ts';
import { Lanes } from './lane/lanes.ts';
import { chooseLayer, type LayerChoice, type LayersHere } from './layers.ts';
import type { Progress, RunOptions } from './options.ts';
import { packageVersion } from './package.ts';
import type { LoadedScenario } from './scenario.ts';
import { type JudgeScenario, runScenario, type ScenarioContext } from './scenario-run.ts';

/**
 * Puts scenarios to the test, one after the other, each on all lanes. Rejects only where powercut itself failed: what a
 * subject does wrong is in the verdict.
 */
export async function runScenarios(
  scenarios: readonly LoadedScenario[],
  options: RunOptions,
  report: (progress: Progress) => void,
  judgeOne: JudgeScenario = runScenario,
): Promise<Verdict> {
  const clock = startClock();
  const layers = await probeLayers();
  const housed: HousedScenario[] = [];
  for (const loaded of scenarios) housed.push(await houseScenario(loaded, options));
  const run = new Run(housed, options, report, layers, judgeOne);
  const { verdicts, canaries } = await run.all();
  // That a canary was found proves nothing of what was to be tested beside it.
  const isWorthless = canaries.some(({ canary }) => canary?.found === false);
  const status = overallStatus(verdicts);
  const { statesJudged } = run;
  const seconds = clock.seconds();
  const interrupted = options.signal.aborted ? signalName(options.signal.reason) : undefined;
  return {
    schema: 'powercut-verdict',
    schemaVersion: verdictSchemaVersion,
    version: packageVersion(),
    seed: options.seed,
    ...(options.shard === undefined ? {} : { part: options.shard }),
    status: isWorthless && status === 'held' ? 'unknown' : status,
    scenarios: [...verdicts, ...canaries],
    ...(interrupted === undefined ? {} : { interrupted }),
    environment: {
      startedAt: clock.startedAt,
      node: process.version,
      kernel: release(),
      cpu: cpus()[0]?.model ?? 'unknown',
      lanes: options.jobs,
      layers: layers.described,
    },
    timing: {
      seconds,
      imagesPerSecond: Math.round(statesJudged / Math.max(seconds, 0.001)),
      scenarios: Object.fromEntries(run.seconds),
    },
  };
}

type Phase = Pick<Progress, 'scenario' | 'phase' | 'newImages' | 'torture'> & { readonly foundNow: number };

class Run {
  statesJudged = 0;
  readonly seconds = new Map<string, number>();
  private readonly scenarios: readonly HousedScenario[];
  private readonly options: RunOptions;
  private readonly report: (progress: Progress) => void;
  private readonly layers: LayersHere;
  private readonly judgeOne: JudgeScenario;
  private readonly lanes: Lanes;
  private readonly verdicts: ScenarioVerdict[] = [];
  private stopped: string | undefined;
  private phase: Phase = { scenario: '', phase: '', newImages: 0, foundNow: 0 };

  constructor(
    scenarios: readonly HousedScenario[],
    options: RunOptions,
    report: (progress: Progress) => void,
    layers: LayersHere,
    judgeOne: JudgeScenario,
  ) {
    this.scenarios = scenarios;
    this.options = options;
    this.report = report;
    this.layers = layers;
    this.judgeOne = judgeOne;
    this.lanes = new Lanes(options.jobs, (count) => {
      this.statesJudged += count;
      this.tell({ newImages: this.phase.newImages + count });
    });
  }

  async all(): Promise<{
    readonly verdicts: readonly ScenarioVerdict[];
    readonly canaries: readonly ScenarioVerdict[];
  }> {
    const stop = (why: string) => () => {
      this.stopped ??= why;
      this.lanes.stop();
    };
    const onAbort = stop('The run was interrupted.');
    this.options.signal.addEventListener('abort', onAbort);
    if (this.options.signal.aborted) onAbort();
    const limit = this.options.timeLimitSeconds;
    const timer =
      limit === undefined
        ? undefined
        : setTimeout(stop(`The time limit of ${limit} s was reached.`), limit * 1000);
    try {
      const canaries = await this.canaries();
      for (const housed of this.scenarios) this.verdicts.push(await this.one(housed));
      return { verdicts: this.verdicts, canaries };
    } finally {
      clearTimeout(timer);
      this.options.signal.removeEventListener('abort', onAbort);
      await this.lanes.close();
    }
  }

  /** Before all else: a run that is cut short has had its canaries. */
  private async canaries(): Promise<readonly ScenarioVerdict[]> {
    const { canary } = this.options;
    if (canary === undefined) return [];
    const choices = this.scenarios.map((housed) => this.choose(housed));
    const layers = new Set(choices.flatMap((choice) => (choice.kind === 'use' ? [choice.layer] : [])));
    const verdicts: ScenarioVerdict[] = [];
    for (const layer of layers) {
      const clock = startClock();
      this.tell({ scenario: canary.scenario.name, phase: 'starting' });
      const verdict = await judgeCanary(await this.houseCanary(canary), layer, this.context());
      this.seconds.set(verdict.name, clock.seconds());
      verdicts.push(verdict);
    }
    return verdicts;
  }

  /** Where the run's subjects are. */
  private async houseCanary(canary: LoadedScenario): Promise<LoadedScenario> {
    const { loaded, homeless } = await houseScenario(canary, this.options);
    if (homeless !== undefined) throw new Error(`the canary has no container to run in: ${homeless}`);
    return loaded;
  }

  private async one(housed: HousedScenario): Promise<ScenarioVerdict> {
    const clock = startClock();
    const { loaded } = housed;
    const { name } = loaded.scenario;
    this.phase = { scenario: name, phase: 'starting', newImages: 0, foundNow: 0 };
    this.tell({});
    const verdict = await this.judgeScenario(loaded, this.choose(housed));
    this.seconds.set(name, clock.seconds());
    return verdict;
  }

  private choose(housed: HousedScenario): LayerChoice {
    return inContainer(chooseLayer(housed.loaded.scenario, this.options.layer, this.layers), housed);
  }

  private async judgeScenario(loaded: LoadedScenario, choice: LayerChoice): Promise<ScenarioVerdict> {
    const first = await this.judgeOne(loaded, choice, this.context());
    if (!this.options.doubleCheck || choice.kind === 'missing') return first;
    const second = await this.judgeOne(loaded, choice, this.context());
    const [once, again] = [first, second].map((one) => JSON.stringify(repeatable(one, choice.layer)));
    if (once === again) return first;
    // What broke, did break; and the files of findings are those of the last run that had any.
    const found = [first, second].findLast(({ status }) => status === 'violated');
    const verdict = found ?? first;
    const note = `A second run of the same scenario and seed gave another verdict: the subject does not do the same each time, so nothing that was not found can be relied on.${lateLines(verdict)}`;
    return { ...verdict, status: found ? 'violated' : 'unknown', notes: [...verdict.notes, note] };
  }

  private context(): ScenarioContext {
    const found = this.verdicts.reduce((sum, verdict) => sum + verdict.findings.length, 0);
    return {
      options: this.options,
      lanes: this.lanes,
      findingsBefore: found,
      whyStopped: () => this.stopped ?? this.whyBail(),
      onPhase: (phase) => this.tell({ phase }),
      onFound: (foundNow) => this.tell({ foundNow }),
      onTortured: (torture) => this.tell({ torture }),
    };
  }

  private whyBail(): string | undefined {
    const { bail } = this.options;
    const found = this.verdicts.reduce(
      (sum, verdict) => sum + (verdict.canary ? 0 : verdict.findings.length),
      0,
    );
    return bail !== undefined && found >= bail
      ? `The run stopped after ${found} findings, as asked by --bail.`
      : undefined;
  }

  private tell(change: Partial<Phase>): void {
    this.phase = { ...this.phase, ...change };
    const { foundNow, ...phase } = this.phase;
    const foundBefore = this.verdicts.reduce((sum, verdict) => sum + verdict.findings.length, 0);
    this.report({
      ...phase,
      scenariosDone: this.verdicts.length,
      scenariosAll: this.scenarios.length,
      statesJudged: this.statesJudged,
      findings: foundBefore + foundNow,
    });
  }
}

/** Tries each layer. */
async function probeLayers(): Promise<LayersHere> {
  const fuse = await probeFuse();
  const block = fuse.available ? await probeBlock() : fuse;
  const dm = await probeDm();
  return {
    fuse: fuse.available ? undefined : `${fuse.why} ${fuse.remedy}`,
    block: block.available ? undefined : `${block.why}: ${block.remedy}`,
    dm: dm.available ? undefined : `${dm.why}: ${dm.remedy}`,
    described: {
      sim: 'in this process',
      block: block.available ? 'as root' : `missing: ${block.why}`,
      fuse: fuse.available ? fuse.how : `missing: ${fuse.why}`,
      dm: dm.available ? dm.how : `missing: ${dm.why}`,
    },
  };
}

function signalName(reason: unknown): 'SIGINT' | 'SIGTERM' {
  return reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
}

/** The run's own clock: what it measures goes into `environment` and `timing`, and nowhere else. */
function startClock(): { readonly startedAt: string; readonly seconds: () => number } {
  const startedAtMs = performance.now();
  return {
    startedAt: new Date(performance.timeOrigin + startedAtMs).toISOString(),
    seconds: () => Math.round(performance.now() - startedAtMs) / 1000,
  };
}

function lateLines({ subject }: ScenarioVerdict): string {
  return subject.how === 'command'
    ? ' Acknowledgements on stdout count from when they were read; written to the file that POWERCUT_ACK names, they have their exact place.'
    : '';
}
