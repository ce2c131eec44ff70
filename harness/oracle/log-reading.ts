import type { ScannedItem } from '../subject/subject.ts';
import type { LogLedger } from './log-ledger.ts';

/** An item that is not simply one of the issued records. */
export type StrangeItem =
  /** Unknown bytes in the place of `record`, which is not there. */
  | { readonly kind: 'altered'; readonly item: number; readonly record: number }
  /** `record` was shown by an earlier item already. */
  | { readonly kind: 'repeated'; readonly item: number; readonly record: number }
  /** A record that was gone. */
  | { readonly kind: 'stale'; readonly item: number; readonly record: number }
  | { readonly kind: 'invented'; readonly item: number };

/** What a recovered log shows, record by record. Every index is into `ledger.records` or `items`. */
export interface LogReading {
  readonly ledger: LogLedger;
  readonly items: readonly ScannedItem[];
  /** By record: the item that shows it, or that stands altered in its place; -1 where it is missing. */
  readonly itemOf: Int32Array;
  /** By item: the record that it shows for the first time; -1 for strange items other than stale ones. */
  readonly recordOf: Int32Array;
  readonly strange: readonly StrangeItem[];
}

export function readLog(ledger: LogLedger, items: readonly ScannedItem[]): LogReading {
  const itemOf = new Int32Array(ledger.records.length).fill(-1);
  const recordOf = new Int32Array(items.length).fill(-1);
  const strange: StrangeItem[] = [];
  const unrecognised = new Set<number>();
  let next = 0;
  for (const [item, { data }] of items.entries()) {
    const record = ledger.find(data, next);
    if (record === undefined) {
      unrecognised.add(item);
    } else if (itemOf[record] !== -1) {
      strange.push({ kind: 'repeated', item, record });
    } else {
      itemOf[record] = item;
      recordOf[item] = record;
      next = record + 1;
      if (record >= ledger.liveCount) strange.push({ kind: 'stale', item, record });
    }
  }
  const reading = { ledger, items, itemOf, recordOf, strange };
  if (unrecognised.size > 0) strange.push(...placeUnrecognised(reading, unrecognised));
  return reading;
}

/**
 * An unrecognised item is taken for a record that is missing between its recognised neighbours; one for which none is
 * missing there is invented. Marks the records that were found a stand-in as there.
 */
function placeUnrecognised(reading: LogReading, unrecognised: ReadonlySet<number>): readonly StrangeItem[] {
  const { ledger, items, itemOf, recordOf } = reading;
  const strange: StrangeItem[] = [];
  let run: number[] = [];
  let from = 0;
  const settleRun = (to: number) => {
    const records = run.length === 0 ? [] : chooseMissing(reading, from, to, run.length);
    for (const [position, item] of run.entries()) {
      const record = records[position];
      strange.push(record === undefined ? { kind: 'invented', item } : { kind: 'altered', item, record });
      if (record !== undefined) itemOf[record] = item;
    }
    run = [];
    from = to + 1;
  };
  for (const item of items.keys()) {
    const record = recordOf[item] ?? -1;
    if (unrecognised.has(item)) run.push(item);
    else if (record >= from && record < ledger.liveCount) settleRun(record);
  }
  settleRun(ledger.liveCount);
  return strange;
}

/** Missing records of a range, in order: if there are more than `count`, those first left out that were never accepted. */
function chooseMissing({ ledger, itemOf }: LogReading, from: number, to: number, count: number): number[] {
  const missing: number[] = [];
  for (let record = from; record < to; record++) if (itemOf[record] === -1) missing.push(record);
  let spare = missing.length - count;
  return missing.filter((record) => spare <= 0 || ledger.records[record]?.step.accepted || spare-- <= 0);
}
