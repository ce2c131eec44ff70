import type { Claim, FaultKind, Finding, Mutation, ScenarioVerdict } from '../../reports/verdict.ts';
import type { LayerName } from '../../src/faults/layer.ts';
import { isOnDisks } from '../disks.ts';
import { toFinding } from '../findings.ts';
import type { LaneProcess } from '../lane/process.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';
import type { LoadedScenario } from '../scenario.ts';
import {
  findingContext,
  type JudgeScenario,
  onLanes,
  type ScenarioContext,
  ScenarioRun,
} from '../scenario-run.ts';
import { notTested, unknownScenario } from '../scenario-verdict.ts';
import {
  type Barrier,
  barriersOf,
  killPointsOf,
  type NamedRun,
  nameReopened,
  nameWorkload,
} from './recordings.ts';
import { remarksOn, rowOf, statusOf } from './table.ts';
import { type Attempt, type Cut, cuts, type MutantResult } from './task.ts';

/** Crash states for each barrier, fault and profile, where nobody says how many. */
const defaultStatesEach = 1000;

/**
 * Leaves out each barrier that the scenario's subject issues, and asks whether some claim then breaks (docs/mutation.md). First with
 * all of them in place: a claim that breaks there says nothing about barriers.
 */
export const mutateScenario: JudgeScenario = (loaded, choice, given) => {
  if (choice.kind === 'use' && isOnDisks(choice.layer)) {
    return Promise.resolve(notTested(loaded, choice.layer, barriersOfKernel));
  }
  const scenario = asMutated(loaded);
  const context = withHonestBarriers(scenario, given);
  return onLanes(scenario, choice, context, async (layer, lanes) => {
    const unfit = whyUnfit(scenario, context);
    if (unfit !== undefined) return unknownScenario(loaded, layer, unfit);
    const whole = new ScenarioRun(scenario, layer, lanes, context);
    const verdict = await whole.run();
    if (verdict.status !== 'held' || whole.recorded === undefined) return withNote(verdict, notLeftOut);
    const run = new MutationRun(scenario, layer, lanes, context, whole.recorded);
    return { ...verdict, ...(await run.all(verdict.notes)) };
  });
};

const barriersOfKernel =
  "What reaches a disk are the flushes of its file system, and not the subject's own barriers: leave those out on the fuse layer.";

const notLeftOut =
  'No barrier was left out: with all of them in place not every claim held under power-loss and torn-write. Put that right first.';

/** The claims that a missing barrier can break, looked at for that alone. What breaks with all barriers in place is no canary here. */
function asMutated(loaded: LoadedScenario): LoadedScenario {
  const { canary: _canary, ...scenario } = loaded.scenario;
  const claims = Object.entries(scenario.claims).flatMap(([claim, faults]) => {
    const kept = faults.filter((fault) => isCut(fault));
    return kept.length === 0 ? [] : [[claim, kept] as const];
  });
  const explore = { ...scenario.explore, states: defaultStatesEach, nested: false };
  return { ...loaded, scenario: { ...scenario, claims: Object.fromEntries(claims), explore } };
}

function isCut(fault: FaultKind): fault is Cut {
  return cuts.some((cut) => cut === fault);
}

/** Barriers that do nothing cannot be left out. */
function withHonestBarriers({ scenario }: LoadedScenario, context: ScenarioContext): ScenarioContext {
  const profiles = context.options.profiles ?? scenario.profiles;
  const honest = profiles.filter((profile) => profile !== 'lying-disk');
  return { ...context, options: { ...context.options, profiles: honest } };
}

function whyUnfit({ scenario }: LoadedScenario, { options }: ScenarioContext): string | undefined {
  if (Object.keys(scenario.claims).length === 0) {
    return `The scenario claims nothing under ${cuts.join(' or ')}: no claim can break for want of a barrier.`;
  }
  if (options.profiles?.length === 0) {
    return 'On lying-disk barriers do nothing: leaving them out says nothing. Name another profile.';
  }
  return undefined;
}

function withNote(verdict: ScenarioVerdict, note: string): ScenarioVerdict {
  return { ...verdict, notes: [...verdict.notes, note] };
}

interface Recorded {
  readonly steps: readonly NumberedStep[];
  readonly run: RecordedRun;
}

class MutationRun {
  private readonly loaded: LoadedScenario;
  private readonly layer: LayerName;
  private readonly lanes: readonly LaneProcess[];
  private readonly context: ScenarioContext;
  private readonly recorded: Recorded;
  private readonly statesEach: number;

  constructor(
    loaded: LoadedScenario,
    layer: LayerName,
    lanes: readonly LaneProcess[],
    context: ScenarioContext,
    recorded: Recorded,
  ) {
    this.loaded = loaded;
    this.layer = layer;
    this.lanes = lanes;
    this.context = context;
    this.recorded = recorded;
    this.statesEach = context.options.states ?? defaultStatesEach;
  }

  async all(notes: readonly string[]) {
    const runs = await this.runs();
    const barriers = barriersOf(runs);
    const results = await this.shareOut(barriers, (lane, barrier) => this.leaveOut(lane, barrier));
    const findings: Finding[] = [];
    const accepted = this.loaded.scenario.mutation?.redundant ?? [];
    const cut = this.context.whyStopped();
    const rows = barriers.map(({ name, issued, names }, index) => {
      const result = results[index];
      const finding = result === undefined ? undefined : this.findingOf(result, findings.length);
      if (finding !== undefined) findings.push(finding);
      const covers = (result?.coveredBy ?? []).flatMap((entries, at) =>
        entries.flatMap((entry) => names[at]?.get(entry) ?? []),
      );
      const tried = { name, issued, coveredBy: [...new Set(covers)] };
      return rowOf(
        { ...tried, ...(result && { result }), ...(finding && { finding: finding.id }) },
        accepted,
        cut,
      );
    });
    const mutation: Mutation = { statesEach: this.statesEach, runs: runs.length, barriers: rows };
    const remarks = cut === undefined ? remarksOn(rows, accepted) : [cut];
    return {
      status: statusOf(mutation),
      mutation,
      findings,
      notes: [...notes, ...remarks],
    };
  }

  private async runs(): Promise<NamedRun[]> {
    const { run } = this.recorded;
    const workload = nameWorkload(run);
    // Nothing recovers after a litmus program.
    const killPoints = this.loaded.scenario.subject.program === undefined ? killPointsOf(workload) : [];
    this.context.onPhase('recording recoveries');
    const reopened = await this.shareOut(killPoints, (lane, killPoint) =>
      lane.call('reopen', { run, killPoint }),
    );
    return [
      workload,
      ...killPoints.flatMap((killPoint, index) => {
        const after = reopened[index];
        // Where it does not come back, that was judged with all barriers in place.
        return after === undefined || after.endedEarly !== undefined
          ? []
          : [nameReopened(workload, after, killPoint)];
      }),
    ];
  }

  private leaveOut(lane: LaneProcess, { name, runs }: Barrier): Promise<MutantResult> {
    this.context.onPhase(`without ${name}`);
    return lane.call('mutate', {
      barrier: name,
      runs,
      steps: this.recorded.steps,
      attempts: this.attempts(),
      seed: this.context.options.seed,
      limit: this.statesEach,
    });
  }

  private attempts(): Attempt[] {
    const { claims } = this.loaded.scenario;
    return cuts.flatMap((fault) => {
      const stated = (Object.keys(claims) as Claim[]).filter((claim) => claims[claim]?.includes(fault));
      const profiles = stated.length === 0 ? [] : (this.context.options.profiles ?? []);
      return profiles.map((profile) => ({ fault, profile, claims: stated }));
    });
  }

  private findingOf({ attempted, shrunk }: MutantResult, found: number): Finding | undefined {
    if (shrunk === undefined) return undefined;
    const { claim, profile } = shrunk.violation;
    const occurrences = attempted.at(-1)?.tallies.get(claim)?.violated ?? 0;
    const context = findingContext(this.loaded, this.layer, this.context);
    return toFinding({ profile, occurrences }, shrunk, context, context.findingsBefore + found + 1);
  }

  /** Each lane takes the next item; what comes after a stop is left out. Answers in the order of the items. */
  private async shareOut<Item, Result>(
    items: readonly Item[],
    work: (lane: LaneProcess, item: Item) => Promise<Result>,
  ): Promise<(Result | undefined)[]> {
    const results: (Result | undefined)[] = items.map(() => undefined);
    const queue = [...items.entries()];
    await Promise.all(
      this.lanes.map(async (lane) => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          if (this.context.whyStopped() !== undefined) return;
          const [index, item] = next;
          results[index] = await work(lane, item);
        }
      }),
    );
    return results;
  }
}
