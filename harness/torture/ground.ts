import type { FaultKind } from '../../reports/verdict.ts';
import { takeApart } from '../../src/faults/model/effects.ts';
import { buildImage, type CrashState } from '../../src/faults/model/image.ts';
import type { Recording } from '../../src/faults/model/recording.ts';
import type { Step } from '../oracle/evidence.ts';
import { historyAt, type RecordedRun, type Shown } from '../recorded-run.ts';

/** What a cycle goes on with. */
export interface Ground {
  /** On the volumes; what its trace did is in the page cache, and may not be durable yet. */
  readonly start: Recording;
  /** All that was asked in this life, with what was promised. */
  readonly settled: readonly Step[];
  /** What a reader saw last. */
  readonly shown?: Shown;
  /** Live faults whose traces are still in `start.trace`: a later cut may bring out what they did. */
  readonly unsettled: readonly FaultKind[];
}

/** An older life is too slow to judge, a longer trace too slow to take apart. */
export const stepsMax = 160;
const entriesMax = 2000;

/** Everything that came to pass is on disk. */
export function intact({ trace }: Recording): CrashState {
  return { point: trace.length, lost: [], filler: 'old' };
}

/**
 * What a cycle leaves to the next: the image of `state` where the volumes lost something, or what the page cache holds.
 * Undefined where there is nothing that could go on.
 */
export function groundAfter(
  run: RecordedRun,
  ending: {
    readonly state: CrashState;
    readonly isImage: boolean;
    readonly died: boolean;
    readonly writeBack: boolean;
    /** The live faults that befell it, or `start.trace` before it. */
    readonly live: readonly FaultKind[];
  },
): Ground | undefined {
  const { recording, conversation } = run;
  if (conversation.kind !== 'requests') return undefined;
  const { steps, shown } = historyAt(run, recording.trace.length);
  if (steps.length > stepsMax) return undefined;
  const settled = { settled: steps, ...(shown === undefined ? {} : { shown }) };
  if (ending.isImage || ending.writeBack || recording.trace.length > entriesMax) {
    const state = ending.isImage ? ending.state : intact(recording);
    return { start: { base: buildImage(takeApart(recording), state), trace: [] }, ...settled, unsettled: [] };
  }
  // Its promises are in `settled`: as acknowledgements they would be taken for those of the next cycle.
  const trace = recording.trace.filter(({ kind }) => kind !== 'acknowledgement');
  const last = trace.at(-1)?.kind;
  if (ending.died && last !== 'process-crash') trace.push({ kind: 'process-crash' });
  return { start: { base: recording.base, trace }, ...settled, unsettled: ending.live };
}
