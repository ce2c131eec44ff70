import type { Mutation } from '../subject/subject.ts';
import type { History, Step } from './evidence.ts';

/**
 * Tells whether a step was promised. A step that a process crash lost (`gone`) is promised only if the promise is older
 * than that crash: a sync that was asked afterwards speaks of what was still there.
 */
export function promises(history: History): (step: Step, gone: boolean) => boolean {
  const lastSync = lastSyncBefore(history, history.shown?.afterSteps ?? 0);
  return (step, gone) => step.durable && (!gone || isDurable(step.mutation) || step.index < lastSync);
}

function lastSyncBefore(history: History, end: number): number {
  const sync = history.steps.findLast(
    (step) => step.index < end && step.accepted && step.mutation.op === 'sync',
  );
  return sync?.index ?? -1;
}

function isDurable(mutation: Mutation): boolean {
  return mutation.op === 'appendDurable' || ('durable' in mutation && mutation.durable);
}
