import { existsSync, readFileSync } from 'node:fs';
import type { Claim } from '../reports/verdict.ts';
import { house } from './container/housing.ts';
import { isOnDisks, onFileSystem } from './disks.ts';
import type { Violation } from './exploration.ts';
import { LaneProcess, namespacesFor } from './lane/process.ts';
import { loadScenario } from './load-scenario.ts';
import { type RecordedRun, renumber } from './recorded-run.ts';
import { decodeReplayFile } from './replay-file.ts';
import { checkNeeds, ReplayUnavailable } from './replay-needs.ts';
import { renderReplay } from './replay-text.ts';
import { decodeToken, isToken, ReplayError, type ReplayPlan } from './replay-token.ts';
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
    return await judgeAgain(lane, plan, run ?? (await recordAgain(lane, plan, loaded)));
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

async function recordAgain(
  lane: LaneProcess,
  plan: ReplayPlan,
  { scenario }: LoadedScenario,
): Promise<RecordedRun> {
  if (plan.origin.kind === 'torture' && plan.origin.life.length === 0) {
    throw new ReplayError(
      'the subject did not do the same again when this finding was made, so no token can repeat it: replay its file, findings/<n>/replay.json',
    );
  }
  const hello = await lane.call('hello', undefined);
  const all = asksNothing(scenario)
    ? []
    : createWorkload(hello.model, scenario.workload, hello.features, plan.seed);
  const steps = plan.steps.flatMap((index) => {
    const mutation = all[index];
    return mutation === undefined ? [] : [{ index, mutation }];
  });
  return lane.call('derive', { steps: renumber(steps), origin: plan.origin });
}

async function judgeAgain(lane: LaneProcess, plan: ReplayPlan, run: RecordedRun): Promise<ReplayOutcome> {
  const { claim, state } = plan;
  if (state.point > run.recording.trace.length) {
    throw new ReplayError(
      `the run was recorded anew and has ${run.recording.trace.length} entries, the finding's crash is after entry ${state.point}: the subject has changed, or is not deterministic. The finding's replay file has the recording itself.`,
    );
  }
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
