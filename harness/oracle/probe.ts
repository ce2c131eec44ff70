import type { Mutation } from '../subject/subject.ts';
import { equalBytes, keyOfIssued } from './bytes.ts';

/** What the probe's mutations leave behind. */
export interface ProbeEffect {
  /** Records, in order (log). */
  readonly records: readonly Uint8Array[];
  /** By {@link keyOfIssued} the key: what it holds afterwards, null where it was deleted (kv). */
  readonly keys: ReadonlyMap<string, { readonly key: Uint8Array; readonly value: Uint8Array | null }>;
}

export function probeEffect(mutations: readonly Mutation[]): ProbeEffect {
  const records: Uint8Array[] = [];
  const keys = new Map<string, { key: Uint8Array; value: Uint8Array | null }>();
  for (const mutation of mutations) {
    switch (mutation.op) {
      case 'append':
      case 'appendDurable':
        records.push(mutation.data);
        break;
      case 'appendBatch':
        records.push(...mutation.data);
        break;
      case 'put':
        keys.set(keyOfIssued(mutation.key), { key: mutation.key, value: mutation.value });
        break;
      case 'delete':
        keys.set(keyOfIssued(mutation.key), { key: mutation.key, value: null });
        break;
      default:
        break;
    }
  }
  return { records, keys };
}

/** Answers which of the probe's records an item shows, once for each record. A probe has few: they are compared one by one. */
export function probeRecordFinder(records: readonly Uint8Array[]): (data: Uint8Array) => number | undefined {
  const open = new Set(records.keys());
  return (data) => {
    for (const record of open) {
      const expected = records[record];
      if (expected === undefined || !equalBytes(expected, data)) continue;
      open.delete(record);
      return record;
    }
    return undefined;
  };
}
