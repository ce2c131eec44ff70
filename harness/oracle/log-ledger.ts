import type { Mutation, ScannedItem } from '../subject/subject.ts';
import { renderMutation, renderValue } from '../workload/render.ts';
import { equalBytes, keyOf, keyOfIssued } from './bytes.ts';
import type { History, Step } from './evidence.ts';
import { promises } from './promise.ts';

/** One record that the workload issued. */
export interface LogRecord {
  readonly step: Step;
  /** Which one of its batch, from 0. */
  readonly part: number;
  readonly data: Uint8Array;
  readonly promised: boolean;
  /** How a reader saw it after the process crash, if one did. */
  readonly shown: ScannedItem | undefined;
}

/** What a history says about a log. */
export interface LogLedger {
  /** Those that may be there, in the order in which they must be shown; then those that are gone. */
  readonly records: readonly LogRecord[];
  /** How many may be there: gone ones have this index or a higher one. */
  readonly liveCount: number;
  /** The index of the record with these bytes, or undefined. `guess` is tried first. */
  find(data: Uint8Array, guess: number): number | undefined;
}

/** Answers a sentence instead where the history cannot be compared with items. */
export function createLogLedger(history: History): LogLedger | string {
  if (history.steps.some((step) => step.mutation.op === 'truncateBefore')) {
    return 'the history has a truncateBefore, and which records it may remove is not known';
  }
  const { live, gone } = layOut(history);
  const records = gone.length === 0 ? live : [...live, ...gone];
  const indexByKey = new Map<string, number>();
  for (const [index, { data, step }] of records.entries()) {
    const key = keyOfIssued(data);
    const twin = records[indexByKey.get(key) ?? -1];
    if (twin !== undefined) return `steps ${twin.step.index} and ${step.index} append the same bytes`;
    indexByKey.set(key, index);
  }
  return {
    records,
    liveCount: live.length,
    find(data, guess) {
      const guessed = records[guess];
      return guessed !== undefined && equalBytes(guessed.data, data) ? guess : indexByKey.get(keyOf(data));
    },
  };
}

/** What a reader was shown comes first, in the order in which it was shown; then the steps after it. The rest is gone. */
function layOut(history: History): { live: LogRecord[]; gone: LogRecord[] } {
  const ground = history.shown?.afterSteps ?? 0;
  const shownByKey = new Map<string, { item: ScannedItem; place: number }>();
  for (const [place, item] of (history.shown?.items ?? []).entries()) {
    const key = keyOf(item.data);
    if (!shownByKey.has(key)) shownByKey.set(key, { item, place });
  }
  const isPromised = promises(history);
  const shown: { place: number; record: LogRecord }[] = [];
  const later: LogRecord[] = [];
  const gone: LogRecord[] = [];
  for (const step of history.steps) {
    for (const [part, data] of recordsOf(step.mutation).entries()) {
      const older = step.index < ground;
      const seen = older ? shownByKey.get(keyOfIssued(data)) : undefined;
      const promised = isPromised(step, older && seen === undefined);
      const record = { step, part, data, promised, shown: seen?.item };
      if (seen !== undefined) shown.push({ place: seen.place, record });
      else (older ? gone : later).push(record);
    }
  }
  shown.sort((a, b) => a.place - b.place);
  return { live: [...shown.map(({ record }) => record), ...later], gone };
}

function recordsOf(mutation: Mutation): readonly Uint8Array[] {
  switch (mutation.op) {
    case 'append':
    case 'appendDurable':
      return [mutation.data];
    case 'appendBatch':
      return mutation.data;
    default:
      return [];
  }
}

/** `step 3: append 40 bytes "record 3 …"`. */
export function renderRecord({ step, part, data }: LogRecord): string {
  const { mutation } = step;
  if (mutation.op !== 'appendBatch') return `step ${step.index}: ${renderMutation(mutation)}`;
  return `step ${step.index}: record ${part + 1} of ${mutation.data.length} of a batch, ${renderValue(data)}`;
}
