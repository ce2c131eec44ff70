import type { Recording } from '../src/faults/model/recording.ts';
import type { Firing, RuleState } from '../src/faults/plan.ts';
import type { History, Step } from './oracle/evidence.ts';
import type { DataModel, Mutation } from './subject/subject.ts';

/** One run of the subject on a fault layer: what it did to its volumes, and what was asked and promised. */
export interface RecordedRun {
  readonly recording: Recording;
  readonly conversation: Conversation;
  /** What of the plan fired. */
  readonly firings: readonly Firing[];
  /** What each of its rules counted, and why it did not fire. Absent where there was no plan to speak of. */
  readonly rules?: readonly RuleState[];
  /** Crash points up to here belong to an earlier run, and were explored there. -1: all are new. */
  readonly exploredUpTo: number;
  /** Why it ended before all was asked: the subject died, or answered what it should not have. */
  readonly endedEarly?: string;
  /** It came to a clean end: a close that was answered ok, or exit 0. */
  readonly closed?: boolean;
  /** Requests that were refused, each with the refusal's code: `append io`. */
  readonly refusals?: readonly string[];
}

/**
 * `requests`: powercut asked steps of a driver or a module. `settled` are those whose promises stand since before this
 * recording; the others' promises are acknowledgements in its trace, with the step's index as text.
 * `lines`: a program acknowledged by printing lines. `settled` are those that it had printed before this recording.
 */
export type Conversation =
  | {
      readonly kind: 'requests';
      readonly model: DataModel;
      readonly settled: readonly Step[];
      readonly steps: readonly NumberedStep[];
      /** What a scan showed in this recording, once it is acknowledged there; and in an earlier one. */
      readonly shown?: Shown;
      readonly shownBefore?: Shown;
    }
  | { readonly kind: 'lines'; readonly settled: readonly string[] };

export type Shown = NonNullable<History['shown']>;

/** `index` is the step's place among all that were asked of the volumes, from 0, without gaps. */
export interface NumberedStep {
  readonly index: number;
  readonly mutation: Mutation;
}

/** The acknowledgement that a recovered subject's scan was answered: what it showed then must stay. */
export const shownText = 'shown';

/** The texts acknowledged before a crash point. */
export function acknowledgedBefore(recording: Recording, point: number): string[] {
  return recording.trace
    .slice(0, point)
    .flatMap((entry) => (entry.kind === 'acknowledgement' ? [entry.text] : []));
}

/** Steps of a workload from which some were left out, numbered anew. */
export function renumber(steps: readonly NumberedStep[]): NumberedStep[] {
  return steps.map(({ mutation }, index) => ({ index, mutation }));
}

/**
 * What had been asked and promised when the power went at `point`. Steps that come later in the run are in it too, as
 * not accepted: a crash cannot show them, so they change no judgement.
 */
export function historyAt(run: RecordedRun, point: number): History {
  const { conversation } = run;
  if (conversation.kind !== 'requests') throw new Error('a command pair has no history of requests');
  const acknowledged = new Set(acknowledgedBefore(run.recording, point));
  const isAccepted = ({ index }: NumberedStep) => acknowledged.has(String(index));
  const lastSync =
    conversation.steps.findLast((step) => isAccepted(step) && step.mutation.op === 'sync')?.index ?? -1;
  const steps = conversation.steps.map((step): Step => {
    const accepted = isAccepted(step);
    const durable = accepted && (promisesItself(step.mutation) || step.index <= lastSync);
    return { ...step, accepted, durable };
  });
  const shown = acknowledged.has(shownText) ? conversation.shown : conversation.shownBefore;
  return {
    model: conversation.model,
    // A sync promises nothing of what an earlier crash may have taken: what a reader was shown since then is in `shown`.
    steps: [...conversation.settled, ...steps],
    ...(shown === undefined ? {} : { shown }),
  };
}

/** The steps that a workload's run had been asked at `point`: those that were answered, and one that was under way. */
export function stepsBefore(run: RecordedRun, point: number): readonly Step[] {
  const { steps } = historyAt(run, point);
  return steps.slice(0, steps.findLastIndex(({ accepted }) => accepted) + 2);
}

function promisesItself(mutation: Mutation): boolean {
  return mutation.op === 'appendDurable' || ('durable' in mutation && mutation.durable);
}

/** The lines that a program had printed when the power went. */
export function linesAt(run: RecordedRun, point: number): string[] {
  const settled = run.conversation.kind === 'lines' ? run.conversation.settled : [];
  return [...settled, ...acknowledgedBefore(run.recording, point)];
}

/** For each crash point, how many acknowledgements came before it: points with equal counts have equal promises. */
export function promisesBefore({ recording }: RecordedRun): readonly number[] {
  const counts = [0];
  for (const entry of recording.trace) {
    counts.push((counts.at(-1) ?? 0) + (entry.kind === 'acknowledgement' ? 1 : 0));
  }
  return counts;
}

/** What a run asked; a command pair is asked nothing. */
export function stepsOf(run: RecordedRun): readonly NumberedStep[] {
  return run.conversation.kind === 'requests' ? run.conversation.steps : [];
}
