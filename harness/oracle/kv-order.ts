import { renderKey, renderMutation } from '../workload/render.ts';
import { equalBytes } from './bytes.ts';
import type { Deviation } from './judgement.ts';
import { type KeyReading, type KvReading, renderState } from './kv-reading.ts';

/** A range of moments. */
interface Span {
  /** First and last moment, inclusive. */
  readonly from: number;
  readonly to: number;
}

/**
 * A moment `m` is after the first `m` steps. A key's state is explained by the moments from a write that leaves it to the
 * next accepted write of that key; writes that were not accepted may be skipped. The order held if one moment explains
 * every key. Keys that no moment explains (a strange value, or one that was gone) are left to the other claims.
 */
export function wrongOrder(reading: KvReading): readonly Deviation[] {
  const { olderStepCount, stepCount } = reading.ledger;
  const keys = reading.keys
    .map((key) => ({ key, spans: explain(key, olderStepCount, stepCount) }))
    .filter(({ spans }) => spans.length > 0);
  const changes = new Int32Array(stepCount + 2);
  for (const { from, to } of keys.flatMap(({ spans }) => spans)) {
    changes[from] = (changes[from] ?? 0) + 1;
    changes[to + 1] = (changes[to + 1] ?? 0) - 1;
  }
  let explained = 0;
  for (let moment = 0; moment <= stepCount; moment++) {
    explained += changes[moment] ?? 0;
    if (explained === keys.length) return [];
  }
  return [describeConflict(keys)];
}

/** The moments that explain a key: spans that do not overlap, the latest first. */
function explain({ ledger, value, write: found }: KeyReading, start: number, end: number): readonly Span[] {
  if (found === undefined) return [];
  const { writes, olderCount, shown } = ledger;
  const spans: Span[] = [];
  let to = end;
  const add = (from: number) => {
    if (spans.at(-1)?.to === to) spans.pop();
    spans.push({ from, to });
  };
  for (let write = writes.length - 1; write >= olderCount; write--) {
    const candidate = writes[write];
    if (candidate === undefined) continue;
    if (leaves(candidate.value, value)) add(candidate.step.index + 1);
    if (candidate.step.accepted) to = candidate.step.index;
  }
  // Where the reader saw a value that was never put, anything may lie below the later steps.
  const groundIsKnown = olderCount === 0 || shown !== undefined;
  if (!groundIsKnown || leaves(writes[shown ?? -1]?.value ?? null, value)) add(start);
  return spans;
}

function leaves(written: Uint8Array | null, value: Uint8Array | undefined): boolean {
  if (written === null || value === undefined) return written === null && value === undefined;
  return equalBytes(written, value);
}

interface ExplainedKey {
  readonly key: KeyReading;
  readonly spans: readonly Span[];
}

/** The key whose state is the youngest, and one that by then had another state. */
function describeConflict(keys: readonly ExplainedKey[]): Deviation {
  const startOf = ({ spans }: ExplainedKey) => spans.at(-1)?.from ?? 0;
  const youngest = keys.reduce((a, b) => (startOf(b) > startOf(a) ? b : a));
  const moment = startOf(youngest);
  const other = keys.find(({ spans }) => !spans.some(({ from, to }) => from <= moment && moment <= to));
  const due = other?.key.ledger.writes.findLast(({ step }) => step.accepted && step.index < moment);
  // All spans begin at `moment` or before, so one that does not reach it was ended by an accepted write.
  if (other === undefined || due === undefined)
    throw new Error('a moment that explains every key was overlooked');
  const shows = `${renderKey(youngest.key.ledger.key)} shows step ${moment - 1}`;
  return {
    summary: `${shows}, but ${renderKey(other.key.ledger.key)} does not show the earlier step ${due.step.index}`,
    expected: `step ${due.step.index}: ${renderMutation(due.step.mutation)}`,
    recovered: `${renderState(other.key)}, though ${renderState(youngest.key)}`,
  };
}
