import type { FaultKind, ScenarioVerdict } from '../../reports/verdict.ts';
import type { LayerName } from '../../src/faults/layer.ts';
import { isOnDisks } from '../disks.ts';
import { type Candidate, confirmAll } from '../findings.ts';
import type { LaneProcess } from '../lane/process.ts';
import { asksNothing, type LoadedScenario } from '../scenario.ts';
import { findingContext, type JudgeScenario, onLanes, type ScenarioContext } from '../scenario-run.ts';
import { notTested, unknownScenario } from '../scenario-verdict.ts';
import { createWorkload } from '../workload/workload.ts';
import { underOneFault } from './befallen.ts';
import { Campaign, type TortureLimits } from './campaign.ts';
import type { CycleReport } from './stretch.ts';
import { tallyCycles } from './tally.ts';
import { tortureVerdict } from './verdict.ts';
import { usesOf } from './victim.ts';

/**
 * Tortures one scenario on all lanes: cycles until a limit, then the shrinking of what was found. `fault`: only this one befalls
 * it. `note`: for the verdict.
 */
export function tortureWithin({
  fault,
  note,
  ...limits
}: TortureLimits & { readonly fault?: FaultKind; readonly note?: string }): JudgeScenario {
  return async (whole, choice, context) => {
    const loaded = fault === undefined ? whole : { ...whole, scenario: underOneFault(whole.scenario, fault) };
    if (Object.keys(loaded.scenario.claims).length === 0)
      return notTested(whole, '-', `The scenario states nothing under ${fault}.`);
    const verdict = await onLanes(loaded, choice, context, (layer, lanes) =>
      tortureOn(layer, lanes, loaded, context, limits),
    );
    return note === undefined ? verdict : { ...verdict, notes: [...verdict.notes, note] };
  };
}

async function tortureOn(
  layer: LayerName,
  lanes: readonly LaneProcess[],
  loaded: LoadedScenario,
  context: ScenarioContext,
  limits: TortureLimits,
): Promise<ScenarioVerdict> {
  const { scenario } = loaded;
  if (isOnDisks(layer)) return notTested(loaded, layer, knowsNoProcess);
  const { seed, profiles = scenario.profiles } = context.options;
  if (scenario.subject.program !== undefined) {
    return notTested(loaded, layer, 'A litmus program recovers nothing: there is no torture for it.');
  }
  const [first] = lanes;
  if (first === undefined) throw new Error('torture needs at least one lane');
  context.onPhase('recording');
  await Promise.all(lanes.map((lane) => lane.call('open', { loaded, layer, seed })));
  const hello = await first.call('hello', undefined);
  const mutations = asksNothing(scenario)
    ? []
    : createWorkload(hello.model, scenario.workload, hello.features, seed);
  const steps = mutations.map((mutation, index) => ({ index, mutation }));
  const run = await first.call('record', steps);
  const stopped = context.whyStopped();
  if (stopped !== undefined) return notTested(loaded, layer, stopped);
  if (run.endedEarly !== undefined) {
    return unknownScenario(loaded, layer, `The subject failed without any fault. ${run.endedEarly}`);
  }
  const isProcess = layer === 'fuse';
  const isContainer = loaded.container !== undefined;
  const victim = { scenario, hello, uses: usesOf(run.recording), seed, profiles, isProcess, isContainer };
  const campaign = new Campaign(victim, context, limits);
  await campaign.run(lanes);
  context.onPhase('shrinking');
  const findings = await confirmAll(
    candidatesIn(campaign.reports),
    lanes,
    findingContext(loaded, layer, context),
  );
  const cut = context.whyStopped();
  return tortureVerdict({
    about: { loaded, layer, hello, run, steps },
    campaign,
    findings,
    ...(cut === undefined ? {} : { cut }),
  });
}

const knowsNoProcess =
  'Torture kills processes at operations of theirs, and a disk knows only the requests of its file system: torture on the fuse layer.';

/** The best witness of each claim that broke under a fault. */
function candidatesIn(reports: readonly CycleReport[]): Candidate[] {
  const faults = new Set(reports.flatMap(({ befell }) => befell));
  return [...faults].flatMap((fault) =>
    [...tallyCycles(reports, fault).values()].flatMap(({ first, violated }) =>
      first === undefined ? [] : [{ violation: first, profile: first.profile, occurrences: violated }],
    ),
  );
}
