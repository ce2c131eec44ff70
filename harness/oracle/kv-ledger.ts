import type { ScannedItem } from '../subject/subject.ts';
import { equalBytes, keyOf, keyOfIssued } from './bytes.ts';
import type { History, Step } from './evidence.ts';
import { promises } from './promise.ts';

/** One put or delete of a key. */
export interface KeyWrite {
  readonly step: Step;
  /** null for a delete. */
  readonly value: Uint8Array | null;
}

/** What a history says about one key. Numbers are indices into `writes`. */
export interface KeyLedger {
  readonly key: Uint8Array;
  /** In the order of issue. */
  readonly writes: readonly KeyWrite[];
  /** The last promised write, or -1. */
  readonly promised: number;
  /** How many writes came before the process crash. */
  readonly olderCount: number;
  /**
   * What a reader saw of this key after the process crash: the write whose effect it was, -1 for a key not written yet.
   * undefined if there was no reader, or if what it saw was no write of this key.
   */
  readonly shown: number | undefined;
}

/** What a history says about all keys. */
export interface KvLedger {
  /** By {@link keyOf} the key. */
  readonly keys: ReadonlyMap<string, KeyLedger>;
  /** How many steps there were. */
  readonly stepCount: number;
  /** How many of them came before the process crash; 0 if there was none. */
  readonly olderStepCount: number;
  /** Who put this value, under whatever key. */
  originOf(value: Uint8Array): { readonly key: Uint8Array; readonly step: Step } | undefined;
}

/** Answers a sentence instead where the history cannot be compared with items. */
export function createKvLedger(history: History): KvLedger | string {
  const writesByKey = new Map<string, { key: Uint8Array; writes: KeyWrite[] }>();
  for (const step of history.steps) {
    const { mutation } = step;
    if (mutation.op === 'truncateBefore') return 'the history has a truncateBefore, which keys do not know';
    if (mutation.op !== 'put' && mutation.op !== 'delete') continue;
    const name = keyOfIssued(mutation.key);
    const known = writesByKey.get(name) ?? { key: mutation.key, writes: [] };
    known.writes.push({ step, value: mutation.op === 'put' ? mutation.value : null });
    writesByKey.set(name, known);
  }
  const olderStepCount = history.shown?.afterSteps ?? 0;
  const shownByKey = history.shown && splitByKey(history.shown.items).firsts;
  const isPromised = promises(history);
  const keys = new Map<string, KeyLedger>();
  for (const [name, { key, writes }] of writesByKey) {
    const later = writes.findIndex(({ step }) => step.index >= olderStepCount);
    const olderCount = later === -1 ? writes.length : later;
    const shown = shownByKey && findWrite(writes.slice(0, olderCount), shownByKey.get(name)?.data);
    const promised = writes.findLastIndex(({ step }, write) =>
      isPromised(step, write < olderCount && write > (shown ?? -1)),
    );
    keys.set(name, { key, writes, promised, olderCount, shown });
  }
  return { keys, stepCount: history.steps.length, olderStepCount, originOf: originIndex(keys) };
}

/** The index is made when it is first asked for: only a strange value needs it. */
function originIndex(keys: ReadonlyMap<string, KeyLedger>): KvLedger['originOf'] {
  let origins: Map<string, { key: Uint8Array; step: Step }> | undefined;
  return (value) => {
    if (origins === undefined) {
      origins = new Map();
      for (const { key, writes } of keys.values()) {
        for (const write of writes) {
          if (write.value !== null) origins.set(keyOfIssued(write.value), { key, step: write.step });
        }
      }
    }
    return origins.get(keyOf(value));
  };
}

/** The first item of each key, and the items whose key had one already. */
export function splitByKey(items: readonly ScannedItem[]) {
  const firsts = new Map<string, ScannedItem>();
  const repeated: ScannedItem[] = [];
  for (const item of items) {
    const name = keyOf(item.key ?? new Uint8Array());
    if (firsts.has(name)) repeated.push(item);
    else firsts.set(name, item);
  }
  return { firsts, repeated };
}

/** The last write that leaves `value` (undefined: nothing), -1 for the nothing before the first write, or undefined. */
export function findWrite(writes: readonly KeyWrite[], value: Uint8Array | undefined): number | undefined {
  const found = writes.findLastIndex((write) =>
    value === undefined ? write.value === null : write.value !== null && equalBytes(write.value, value),
  );
  return found === -1 && value !== undefined ? undefined : found;
}
