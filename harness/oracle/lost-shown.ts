import type { ScannedItem } from '../subject/subject.ts';
import { renderKey, renderValue } from '../workload/render.ts';
import type { Deviation } from './judgement.ts';
import { breaksPromise, type KeyReading, renderState } from './kv-reading.ts';
import { renderRecord } from './log-ledger.ts';
import type { LogReading } from './log-reading.ts';
import type { Reading } from './reading.ts';

/** What a reader saw after the process crash and is not there after the power cut. What was promised too is durability's affair. */
export function lostShown(reading: Reading): readonly Deviation[] {
  switch (reading.kind) {
    case 'log':
      return lostShownRecords(reading.log);
    case 'kv':
      return reading.kv.keys.flatMap(lostShownValue);
    default:
      return [];
  }
}

function lostShownRecords({ ledger, items, itemOf }: LogReading): readonly Deviation[] {
  return ledger.records.flatMap((record, index) => {
    const { shown, step, promised } = record;
    if (shown === undefined) return [];
    const item = items[itemOf[index] ?? -1];
    if (item !== undefined) return movedPosition(shown, item, `the record of step ${step.index}`);
    if (promised) return [];
    return {
      summary: `a reader was shown the record of step ${step.index}, and it is not there after the power cut`,
      expected: `shown after the process crash: ${renderRecord(record)}`,
      recovered: 'not there',
    };
  });
}

/** Positions name records for good, where the subject gives any. */
export function movedPosition(before: ScannedItem, after: ScannedItem, name: string): readonly Deviation[] {
  const [from, to] = [before.position, after.position];
  if (from === undefined || to === undefined || from === to) return [];
  const value = renderValue(before.data);
  return [
    {
      summary: `${name} was at position ${from} and is now at position ${to}`,
      expected: `position ${from}: ${value}`,
      recovered: `position ${to}: ${value}`,
    },
  ];
}

function lostShownValue(reading: KeyReading): Deviation | readonly [] {
  const { ledger, write } = reading;
  const shown = ledger.writes[ledger.shown ?? -1];
  if (shown === undefined || shown.value === null || write === undefined || breaksPromise(reading)) return [];
  if (write === ledger.shown || write >= ledger.olderCount) return [];
  const name = renderKey(ledger.key);
  return {
    summary: `a reader was shown what step ${shown.step.index} put under ${name}, and it is not there after the power cut`,
    expected: `shown after the process crash: ${name} = ${renderValue(shown.value)}`,
    recovered: renderState(reading),
  };
}
