import type { FaultKind } from '../../reports/verdict.ts';
import type { CrashState } from '../../src/faults/model/image.ts';
import type { Lane } from '../lane/lane.ts';
import type { RecordedRun } from '../recorded-run.ts';
import type { SubjectHello } from '../subject/subject.ts';
import { liveFaultsOf } from './befallen.ts';
import type { Cycle, Life } from './cycle.ts';
import { drawState } from './draw-state.ts';
import { stepsOfCycle } from './draw-workload.ts';
import { type Ground, groundAfter, intact } from './ground.ts';

/** What came of a cycle. */
export interface Performed {
  /** As it was drawn; a kill at a moment is now one at the operation that would have come next. */
  readonly cycle: Cycle;
  readonly run: RecordedRun;
  /** Everything that befell it. */
  readonly befell: readonly FaultKind[];
  /** What is left of the volumes. */
  readonly state: CrashState;
  /** What the next cycle can go on with. */
  readonly ground: Ground | undefined;
  /** The subject failed before anything had befallen it, and how. */
  readonly failedAlone?: string;
}

export async function perform(
  { recorder }: Lane,
  hello: SubjectHello,
  drawn: Cycle,
  before: Ground | undefined,
): Promise<Performed> {
  const mutations = stepsOfCycle(drawn, hello);
  const ground = drawn.afresh ? undefined : before;
  const { plan, stop } = drawn;
  const run = await recorder.cycle({ mutations, plan, stop, ...(ground === undefined ? {} : { ground }) });
  const cycle = { ...drawn, ...exactEnd(drawn, run, ground?.start.trace.length ?? 0) };
  const live = [...new Set([...(ground?.unsettled ?? []), ...liveFaultsOf(run.firings)])];
  const killed = run.firings.some(({ rule }) => rule.fault === 'process-kill');
  const died = cycle.stop === 'leave' || killed;
  const struck = strike(cycle, run, live);
  const state = struck.state ?? intact(run.recording);
  const ending = { state, isImage: struck.state !== undefined, died, writeBack: cycle.writeBack, live };
  // Where no power goes, its death alone befell it.
  const onlyKilled = died && struck.state === undefined;
  const befell = [...live, ...struck.befell, ...(onlyKilled ? (['process-kill'] as const) : [])];
  const wasLeftAlone = live.length === 0 && !killed && cycle.stop === drawn.stop;
  const failedAlone = wasLeftAlone ? run.endedEarly : undefined;
  return {
    cycle,
    run,
    befell,
    state,
    ground: failedAlone === undefined ? groundAfter(run, ending) : undefined,
    ...(failedAlone === undefined ? {} : { failedAlone }),
  };
}

/** Performs each cycle on what the one before it left. */
export async function performLife(lane: Lane, life: Life): Promise<readonly Performed[]> {
  const hello = await lane.recorder.hello();
  const performed: Performed[] = [];
  for (const cycle of life) {
    const ground = performed.at(-1)?.ground;
    performed.push(await perform(lane, hello, { ...cycle, afresh: ground === undefined }, ground));
  }
  return performed;
}

/** The damage that the cycle drew, where it comes to it. */
function strike(
  { damage }: Cycle,
  { recording, closed }: RecordedRun,
  live: readonly FaultKind[],
): { readonly state?: CrashState; readonly befell: readonly FaultKind[] } {
  if (damage === undefined) return { befell: [] };
  const isCut = damage.kind === 'cut';
  const isImplied = isCut && damage.implied === true;
  // Rot after a crash is more than a checksum can tell from a torn end.
  const comesToIt = isCut ? !isImplied || live.length > 0 : closed === true && live.length === 0;
  const state = comesToIt ? drawState(recording, damage) : undefined;
  if (state === undefined) return { befell: [] };
  return { state, befell: isImplied ? [] : [damage.fault] };
}

/** Where a kill at a moment fell, if it did. */
function exactEnd(
  { plan, stop }: Cycle,
  run: RecordedRun,
  entriesBefore: number,
): Pick<Cycle, 'plan' | 'stop'> {
  if (typeof stop !== 'object') return { plan, stop };
  const isRefused = run.refusals?.some((refusal) => /^(open|scan|close) /.test(refusal)) === true;
  if (run.closed === true || isRefused) return { plan, stop: 'close' };
  const operations = run.recording.trace
    .slice(entriesBefore)
    .filter((entry) => entry.kind === 'operation' && entry.operation.kind !== 'medium');
  const kill = { operation: 'any', nth: operations.length + 1, fault: 'process-kill' } as const;
  return { plan: [...plan, kill], stop: 'leave' };
}
