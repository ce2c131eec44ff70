import type { ScannedItem } from '../subject/subject.ts';
import { renderKey, renderValue } from '../workload/render.ts';
import { findWrite, type KeyLedger, type KvLedger, splitByKey } from './kv-ledger.ts';

/** What recovery shows of one key that the workload wrote. */
export interface KeyReading {
  readonly ledger: KeyLedger;
  /** undefined where the key is not there. */
  readonly value: Uint8Array | undefined;
  /** The last write that leaves this, -1 for a key that is not there and was never deleted, undefined for a value of no write. */
  readonly write: number | undefined;
}

export interface KvReading {
  readonly ledger: KvLedger;
  readonly keys: readonly KeyReading[];
  /** Items of keys that the workload never wrote. */
  readonly foreign: readonly ScannedItem[];
  /** Items whose key an earlier one showed. */
  readonly repeated: readonly ScannedItem[];
}

export function readKv(ledger: KvLedger, items: readonly ScannedItem[]): KvReading {
  const { firsts, repeated } = splitByKey(items);
  const keys: KeyReading[] = [];
  for (const [name, key] of ledger.keys) {
    const value = firsts.get(name)?.data;
    keys.push({ ledger: key, value, write: findWrite(key.writes, value) });
  }
  const foreign = [...firsts].filter(([name]) => !ledger.keys.has(name)).map(([, item]) => item);
  return { ledger, keys, foreign, repeated };
}

/** Neither the last promised write of this key nor a later one explains what it shows. A strange value is integrity's affair. */
export function breaksPromise({ ledger, write }: KeyReading): boolean {
  return write !== undefined && write < ledger.promised;
}

/** A reader saw after the process crash that this key was not there. */
export function wasShownGone({ shown, writes }: KeyLedger): boolean {
  return shown !== undefined && (writes[shown]?.value ?? null) === null;
}

/** What a key holds, and which step left that. */
export function renderState({ ledger, value, write }: KeyReading): string {
  const key = renderKey(ledger.key);
  if (value === undefined) return `${key} is not there`;
  const origin = ledger.writes[write ?? -1];
  const from = origin === undefined ? '' : `, of step ${origin.step.index}`;
  return `${key} = ${renderValue(value)}${from}`;
}
