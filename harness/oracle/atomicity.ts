import type { Oracle, Step } from './evidence.ts';
import { type Deviation, held, judge, unknown } from './judgement.ts';
import { renderRecord } from './log-ledger.ts';
import type { LogReading } from './log-reading.ts';
import { readingOf } from './reading.ts';

/** All records of a batch are there, or none. The key-value model has no batches. */
export const atomicity: Oracle = (history, observation) => {
  const reading = readingOf(history, observation);
  switch (reading.kind) {
    case 'log':
      return judge(halfBatches(reading.log));
    case 'kv':
    case 'failed':
      return held;
    case 'unclear':
      return unknown(reading.why);
  }
};

function halfBatches({ ledger, itemOf }: LogReading): readonly Deviation[] {
  const batches = new Map<Step, { there: number; missing: number[] }>();
  for (const [index, { step }] of ledger.records.entries()) {
    if (step.mutation.op !== 'appendBatch') continue;
    const batch = batches.get(step) ?? { there: 0, missing: [] };
    if (itemOf[index] === -1) batch.missing.push(index);
    else batch.there++;
    batches.set(step, batch);
  }
  return [...batches].flatMap(([step, { there, missing }]) => {
    const first = ledger.records[missing[0] ?? -1];
    if (there === 0 || first === undefined) return [];
    return {
      summary: `of the batch of step ${step.index}, ${there} of ${there + missing.length} records are there`,
      expected: renderRecord(first),
      recovered: `not there, though ${there === 1 ? 'another record' : `${there} other records`} of the batch ${there === 1 ? 'is' : 'are'}`,
    };
  });
}
