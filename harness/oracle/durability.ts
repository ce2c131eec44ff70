import { renderKey, renderMutation, renderValue } from '../workload/render.ts';
import type { History, Oracle } from './evidence.ts';
import { type Deviation, held, judge, unknown } from './judgement.ts';
import { breaksPromise, type KvReading, renderState } from './kv-reading.ts';
import { renderRecord } from './log-ledger.ts';
import type { LogReading } from './log-reading.ts';
import { ledgerOf, type Reading, readingOf } from './reading.ts';

/** Everything promised is there. A record that came back altered is there: that is integrity's affair. */
export const durability: Oracle = (history, observation) => {
  const reading = readingOf(history, observation);
  switch (reading.kind) {
    case 'log':
      return judge(lostPromises(reading), [describeLog(reading.log)]);
    case 'kv':
      return judge(lostPromises(reading));
    case 'failed':
      return judgeUnreachable(history, reading.report);
    case 'unclear':
      return unknown(reading.why);
  }
};

/** What was promised and is not there, as far as recovery showed anything. */
export function lostPromises(reading: Reading): readonly Deviation[] {
  switch (reading.kind) {
    case 'log':
      return lostRecords(reading.log);
    case 'kv':
      return lostWrites(reading.kv);
    default:
      return [];
  }
}

function lostRecords({ ledger, itemOf }: LogReading): readonly Deviation[] {
  return ledger.records
    .filter((record, index) => record.promised && itemOf[index] === -1)
    .map((record) => ({
      summary: `step ${record.step.index} was promised durable, and its record is not there after recovery`,
      expected: renderRecord(record),
      recovered: 'not there',
    }));
}

function describeLog({ items }: LogReading): string {
  const last = items.at(-1);
  if (last === undefined) return 'the log is empty';
  const count = items.length === 1 ? '1 record is' : `${items.length} records are`;
  return `${count} shown, the last: ${renderValue(last.data)}`;
}

function lostWrites({ keys }: KvReading): readonly Deviation[] {
  return keys.filter(breaksPromise).flatMap((reading) => {
    const { ledger } = reading;
    const promised = ledger.writes[ledger.promised];
    if (promised === undefined) return [];
    const { index, mutation } = promised.step;
    return {
      summary: `step ${index} was promised durable, and ${renderKey(ledger.key)} does not hold what it left`,
      expected: `step ${index}: ${renderMutation(mutation)}`,
      recovered: renderState(reading),
    };
  });
}

function judgeUnreachable(history: History, report: string) {
  const ledger = ledgerOf(history);
  if (ledger.kind === 'unclear') return unknown(ledger.why);
  const promised =
    ledger.kind === 'log'
      ? ledger.log.records.filter((record) => record.promised).length
      : [...ledger.kv.keys.values()].filter((key) => key.promised !== -1).length;
  if (promised === 0) return held;
  const things = ledger.kind === 'log' ? 'records' : 'keys';
  return judge([
    {
      summary: `nothing of what was promised can be read: ${report}`,
      expected: `${promised} promised ${things}`,
      recovered: report,
    },
  ]);
}
