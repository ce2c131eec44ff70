import { describeTrace } from '../model/describe.ts';
import { takeApart } from '../model/effects.ts';
import { buildOrder } from '../model/order.ts';
import { pendingAt } from '../model/pending.ts';
import { profileNamed } from '../model/profile.ts';
import type { Recording } from '../model/recording.ts';

/** An operation in the words of a report; `entry` is its place in the trace. */
export interface NamedOperation {
  readonly entry: number;
  readonly volume: string;
  readonly text: string;
}

/** The operations of which at least a part would be lost if the power went now and took all that it may. */
export function pendingOperations(recording: Recording, profile: string): NamedOperation[] {
  const order = buildOrder(takeApart(recording), profileNamed(profile).rules(), false);
  const { atoms } = pendingAt(order, recording.trace.length);
  return operationsAt(recording, new Set(atoms.map((id) => order.atoms[id]?.entry ?? -1)));
}

export function operationsAt(recording: Recording, entries: ReadonlySet<number>): NamedOperation[] {
  const texts = describeTrace(recording);
  return recording.trace.flatMap((step, entry) =>
    step.kind === 'operation' && entries.has(entry)
      ? [{ entry, volume: step.volume, text: texts.get(entry) ?? step.operation.kind }]
      : [],
  );
}
