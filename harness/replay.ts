import { existsSync, readFileSync } from 'node:fs';
import type { Claim } from '../reports/verdict.ts';
import { house } from './container/housing.ts';
import { isOnDisks, onFileSystem } from './disks.ts';
import type { ExploredFault, Violation } from './exploration.ts';
import { LaneProcess, namespacesFor } from './lane/process.ts';
import { loadScenario } from './load-scenario.ts';
import { type NumberedStep, type RecordedRun, renumber } from './recorded-run.ts';
import { decodeReplayFile } from './replay-file.ts';
import { checkNeeds, ReplayUnavailable } from './replay-needs.ts';
import { renderReplay } from './replay-text.ts';
import { decodeToken, isToken, ReplayError, type ReplayPlan } from './replay-token.ts';
import { shapeOf } from './run-shape.ts';
import { asksNothing, type LoadedScenario } from './scenario.ts';
import { tellWitness } from './witness.ts';
import { createWorkload } from './workload/workload.ts';

export interface ReplayOutcome {
  /** The claim broke again. */
  readonly reproduced: boolean;
  /** What happened, ready to print. */
  readonly text: string;
}

/**
 * Shows a finding again: lays out its crash image, lets a fresh subject recover on it, and judges. A token records the
 * run anew first; a file has the recording in it. Rejects with a {@link ReplayError} where the token, the file or its
 * scenario cannot be read, and with a {@link ReplayUnavailable} where this machine lacks what it takes.
 */
export async function replay(
  tokenOrFile: string,
  options: { readonly signal: AbortSignal; readonly container?: boolean },
): Promise<ReplayOutcome> {
  const { plan, run } = read(tokenOrFile);
  if (!existsSync(plan.scenario)) {
    throw new ReplayError(
      `the finding's scenario ${plan.scenario} is not here: run the replay in the directory in which the finding was made`,
    );
  }
  const scenario = await inItsContainer(
    await loadScenario(plan.scenario),
    options.container ?? plan.container ?? false,
  );
  const loaded = isOnDisks(plan.layer) ? onFileSystem(scenario, plan.profile, plan.layer) : scenario;
  await checkNeeds(plan, { name: tokenOrFile, isRecorded: run !== undefined });
  const lane = new LaneProcess({ namespaces: namespacesFor(plan.layer, loaded), cpu: 0, onJudged: () => {} });
  const stop = () => lane.stop();
  options.signal.addEventListener('abort', stop);
  try {
    await lane.call('open', { loaded, layer: plan.layer, seed: plan.seed });
    return run === undefined ? await replayAnew(lane, plan, loaded) : await judgeAgain(lane, plan, run);
  } finally {
    options.signal.removeEventListener('abort', stop);
    await lane.close();
  }
}

function read(tokenOrFile: string): { readonly plan: ReplayPlan; readonly run?: RecordedRun } {
  if (isToken(tokenOrFile)) return { plan: decodeToken(tokenOrFile) };
  if (!existsSync(tokenOrFile)) {
    throw new ReplayError(`"${tokenOrFile}" is neither a replay token (they begin with pc1-) nor a file`);
  }
  return decodeReplayFile(readFileSync(tokenOrFile, 'utf8'), tokenOrFile);
}

/** Where the finding was made, unless the command line says otherwise. */
async function inItsContainer(loaded: LoadedScenario, wanted: boolean): Promise<LoadedScenario> {
  const housed = await house(loaded.scenario.subject.container, wanted);
  if (housed.kind === 'missing') throw new ReplayUnavailable(housed.why);
  return housed.kind === 'host' ? loaded : { ...loaded, container: housed.housing };
}

/** How many times a run is recorded, when it is not the finding's. */
const recordingsMax = 3;

/** Records the run again; where it is not the same up to the crash, the state means nothing in it, and its own are judged. */
async function replayAnew(
  lane: LaneProcess,
  plan: ReplayPlan,
  loaded: LoadedScenario,
): Promise<ReplayOutcome> {
  const { state, shape } = plan;
  if (plan.origin.kind === 'torture' && plan.origin.life.length === 0) {
    throw new ReplayError(
      'the subject did not do the same again when this finding was made, so no token can repeat it: replay its file, findings/<n>/replay.json',
    );
  }
  const steps = await stepsAgain(lane, plan, loaded);
  for (let recordings = 0; recordings < recordingsMax; recordings++) {
    const run = await lane.call('derive', { steps, origin: plan.origin });
    if (shape === undefined || shapeOf(run.recording, state.point) === shape)
      return judgeAgain(lane, plan, run);
  }
  return searchAnew(lane, plan, loaded, steps);
}

async function stepsAgain(
  lane: LaneProcess,
  plan: ReplayPlan,
  { scenario }: LoadedScenario,
): Promise<readonly NumberedStep[]> {
  const hello = await lane.call('hello', undefined);
  const all = asksNothing(scenario)
    ? []
    : createWorkload(hello.model, scenario.workload, hello.features, plan.seed);
  const steps = plan.steps.flatMap((index) => {
    const mutation = all[index];
    return mutation === undefined ? [] : [{ index, mutation }];
  });
  return renumber(steps);
}

/** The crash states of the run as it is now, of the same kind as the finding's. */
async function searchAnew(
  lane: LaneProcess,
  plan: ReplayPlan,
  { scenario }: LoadedScenario,
  steps: readonly NumberedStep[],
): Promise<ReplayOutcome> {
  const { claim, fault, profile, seed, origin } = plan;
  if (origin.kind === 'torture' || origin.kind === 'mutant') throw new ReplayError(hasChanged);
  const run = await lane.call('record', steps);
  if (run.endedEarly !== undefined) throw new ReplayError(`${hasChanged} It failed now: ${run.endedEarly}`);
  const { states, sweep, fsyncError } = scenario.explore;
  const result = await lane.call('explore', {
    run,
    fault: fault as ExploredFault,
    profile,
    claims: [claim],
    seed,
    limit: states,
    nested: origin.kind === 'nested',
    ...(sweep === undefined ? {} : { sweep }),
    ...(fsyncError === undefined ? {} : { fsyncError }),
    only: origin.kind,
    share: { index: 0, count: 1 },
  });
  const tally = result.tallies.get(claim);
  const judged = `The subject does not do the same as when the finding was made: ${result.judged} crash images of what it does now were judged.`;
  if (tally?.first !== undefined) {
    const { judgement } = tally.first;
    const text = renderReplay(plan, judgement, tellWitness(tally.first));
    return { reproduced: true, text: `${judged}\n\n${text}` };
  }
  if (tally === undefined || tally.held === 0 || tally.unknown > 0) throw new ReplayError(hasChanged);
  return {
    reproduced: false,
    text: `${judged}\nHeld: ${claim} under ${fault} on ${profile} broke in none of them.`,
  };
}

const hasChanged =
  'the run was recorded anew, and is not the one of the finding: the subject has changed, or does not do the same each time. Its replay file, findings/<n>/replay.json, has the run itself.';

async function judgeAgain(lane: LaneProcess, plan: ReplayPlan, run: RecordedRun): Promise<ReplayOutcome> {
  const { claim, state } = plan;
  if (state.point > run.recording.trace.length) throw new ReplayError(hasChanged);
  const { judgements } = await lane.call('judge', {
    run,
    state,
    profile: plan.profile,
    claims: [claim] as Claim[],
  });
  const judgement = judgements.get(claim);
  if (judgement === undefined) throw new Error(`the judge did not answer on ${claim}`);
  const base = { ...plan, run, place: [], steps: [] };
  const violation: Violation = {
    ...base,
    judgement:
      judgement.status === 'violated'
        ? judgement
        : { status: 'violated', summary: '', expected: [], recovered: [] },
  };
  const text = renderReplay(plan, judgement, tellWitness(violation));
  return { reproduced: judgement.status === 'violated', text };
}
