import { renderKey, renderValue } from '../workload/render.ts';
import type { Deviation } from './judgement.ts';
import { breaksPromise, type KeyReading, wasShownGone } from './kv-reading.ts';
import type { LogReading } from './log-reading.ts';
import type { Reading } from './reading.ts';

/** What a reader saw to be gone after the process crash, and is back after the power cut. */
export function returned(reading: Reading): readonly Deviation[] {
  switch (reading.kind) {
    case 'log':
      return returnedRecords(reading.log);
    case 'kv':
      return reading.kv.keys.flatMap(returnedKey);
    default:
      return [];
  }
}

function returnedRecords({ ledger, items, strange }: LogReading): readonly Deviation[] {
  return strange.flatMap((item) => {
    if (item.kind !== 'stale') return [];
    const data = items[item.item]?.data ?? new Uint8Array();
    return {
      summary: `the record of step ${ledger.records[item.record]?.step.index} is back, though a reader was shown that it was gone`,
      expected: 'not there, as shown after the process crash',
      recovered: `item ${item.item}: ${renderValue(data)}`,
    };
  });
}

function returnedKey(key: KeyReading): readonly Deviation[] {
  const { ledger, value, write } = key;
  if (value === undefined || write === undefined) return [];
  if (write >= ledger.olderCount || !wasShownGone(ledger) || breaksPromise(key)) return [];
  const name = renderKey(ledger.key);
  return [
    {
      summary: `${name} is back, though a reader was shown that it was gone`,
      expected: `${name} is not there, as shown after the process crash`,
      recovered: `${name} = ${renderValue(value)}, of step ${ledger.writes[write]?.step.index}`,
    },
  ];
}
