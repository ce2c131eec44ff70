import { renderKey, renderMutation, renderValue } from '../workload/render.ts';
import { describeDifference } from './bytes.ts';
import type { Oracle } from './evidence.ts';
import { type Deviation, held, judge, unknown } from './judgement.ts';
import type { KeyReading, KvReading } from './kv-reading.ts';
import { renderRecord } from './log-ledger.ts';
import type { LogReading, StrangeItem } from './log-reading.ts';
import { type Reading, readingOf } from './reading.ts';

/** Nothing is shown that was not written there: no altered, invented, repeated or misplaced item. */
export const integrity: Oracle = (history, observation) => {
  const reading = readingOf(history, observation);
  switch (reading.kind) {
    case 'log':
    case 'kv':
      return judge(wrongItems(reading));
    case 'failed':
      return held;
    case 'unclear':
      return unknown(reading.why);
  }
};

/** Every item that is not what was written there. */
export function wrongItems(reading: Reading): readonly Deviation[] {
  switch (reading.kind) {
    case 'log':
      return reading.log.strange.flatMap((strange) => describeStrange(reading.log, strange));
    case 'kv':
      return wrongKeys(reading.kv);
    default:
      return [];
  }
}

function describeStrange(
  { ledger, items }: LogReading,
  strange: StrangeItem,
): Deviation | readonly Deviation[] {
  const data = items[strange.item]?.data ?? new Uint8Array();
  const recovered = `item ${strange.item}: ${renderValue(data)}`;
  const record = strange.kind === 'invented' ? undefined : ledger.records[strange.record];
  if (record === undefined) {
    return {
      summary: `item ${strange.item} of the log was never appended`,
      expected: 'no such record',
      recovered,
    };
  }
  const expected = renderRecord(record);
  const step = `the record of step ${record.step.index}`;
  switch (strange.kind) {
    case 'altered': {
      const difference = describeDifference(record.data, data);
      return {
        summary: `${step} came back altered: ${difference}`,
        expected,
        recovered: `${recovered}: ${difference}`,
      };
    }
    case 'repeated':
      return { summary: `${step} is shown twice`, expected: `${expected}, once`, recovered };
    default:
      // Stale: true bytes, at the wrong time. That is stability's.
      return [];
  }
}

function wrongKeys(reading: KvReading): readonly Deviation[] {
  const repeated = reading.repeated.map(({ key, data }) => ({
    summary: `${renderKey(key ?? new Uint8Array())} is shown twice`,
    expected: `${renderKey(key ?? new Uint8Array())} once`,
    recovered: `and again: ${renderValue(data)}`,
  }));
  const foreign = reading.foreign.map(({ key, data }) => ({
    summary: `${renderKey(key ?? new Uint8Array())} was never put`,
    expected: 'no such key',
    recovered: `${renderKey(key ?? new Uint8Array())} = ${renderValue(data)}`,
  }));
  return [...reading.keys.flatMap((key) => wrongValue(reading, key)), ...repeated, ...foreign];
}

function wrongValue(reading: KvReading, key: KeyReading): readonly Deviation[] {
  const { ledger, value, write } = key;
  if (value === undefined) return [];
  const name = renderKey(ledger.key);
  if (write !== undefined) return [];
  return [{ ...explainStranger(reading, key, value), recovered: `${name} = ${renderValue(value)}` }];
}

/** A value that was never put under this key: it is another key's, or the nearest thing that it can be an altered copy of. */
function explainStranger(reading: KvReading, { ledger }: KeyReading, value: Uint8Array) {
  const name = renderKey(ledger.key);
  const origin = reading.ledger.originOf(value);
  if (origin !== undefined) {
    return {
      summary: `${name} holds the value that step ${origin.step.index} put under ${renderKey(origin.key)}`,
      expected: `a value that was put under ${name}`,
    };
  }
  const last = ledger.writes.findLast((write) => write.value !== null && write.step.accepted);
  if (last?.value == null) {
    return { summary: `${name} holds a value that was never put`, expected: `${name} is not there` };
  }
  return {
    summary: `${name} holds a value that was never put: against step ${last.step.index}, ${describeDifference(last.value, value)}`,
    expected: `step ${last.step.index}: ${renderMutation(last.step.mutation)}`,
  };
}
