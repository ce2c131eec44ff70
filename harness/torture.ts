import type { Claim } from '../reports/verdict.ts';
import { createRandom } from '../src/faults/model/random.ts';
import { liveTree } from '../src/faults/model/recording.ts';
import type { ClaimTally, Violation } from './exploration.ts';
import type { Lane } from './lane/lane.ts';
import { type RecordedRun, stepsOf } from './recorded-run.ts';

/** Real kills while the subject works, cycle after cycle on the same volumes: each one reopens what the last one left. */
export interface TortureTask {
  readonly claims: readonly Claim[];
  readonly seed: number;
  readonly kills: number;
  /** How many operations a whole workload makes: where in it a kill may fall. */
  readonly operations: number;
}

export interface TortureResult {
  readonly cycles: number;
  readonly tallies: ReadonlyMap<Claim, ClaimTally>;
  readonly notes: readonly string[];
}

/** Every second kill falls at an operation, the others at a moment: up to this many milliseconds after the start. */
const killDelayMsMax = 40;

export async function torture(
  lane: Lane,
  task: TortureTask,
  watcher: { readonly onJudged: () => void; readonly shouldStop: () => boolean },
): Promise<TortureResult> {
  const tallies = new Map<
    Claim,
    { held: number; violated: number; unknown: number; why?: string; first?: Violation }
  >();
  for (const claim of task.claims) tallies.set(claim, { held: 0, violated: 0, unknown: 0 });
  const random = createRandom(task.seed, 'torture');
  let run: RecordedRun | undefined;
  let cycles = 0;
  while (cycles < task.kills && !watcher.shouldStop()) {
    const kill =
      cycles % 2 === 0
        ? { kind: 'operation' as const, nth: 1 + random.below(Math.max(1, task.operations)) }
        : { kind: 'moment' as const, delayMs: random.below(killDelayMsMax) };
    run = await lane.recorder.killed(run, cycles, kill);
    cycles += 1;
    const point = run.recording.trace.length;
    const { judgements } = await lane.judge.judge(liveTree(run.recording), run, point, task.claims);
    watcher.onJudged();
    for (const [claim, judgement] of judgements) {
      const tally = tallies.get(claim);
      if (tally === undefined) continue;
      tally[judgement.status] += 1;
      if (judgement.status === 'unknown') tally.why ??= judgement.why;
      if (judgement.status !== 'violated') continue;
      tally.first ??= {
        claim,
        fault: 'process-kill',
        profile: 'posix',
        judgement,
        run,
        origin: { kind: 'torture' },
        steps: stepsOf(run),
        state: { point, lost: [], filler: 'old' },
        place: [9, cycles],
      };
    }
  }
  return { cycles, tallies, notes: [] };
}
