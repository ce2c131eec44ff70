import type { Deviation } from './judgement.ts';
import { type LogRecord, renderRecord } from './log-ledger.ts';
import type { LogReading } from './log-reading.ts';

/** Records shown after a later one, then accepted (or shown) records that are missing before one that is there. */
export function holesAndInversions(reading: LogReading): readonly Deviation[] {
  return [...inversions(reading), ...holes(reading)];
}

function inversions({ ledger, recordOf }: LogReading): readonly Deviation[] {
  const found: Deviation[] = [];
  let latest = -1;
  for (const [item, record] of recordOf.entries()) {
    if (record === -1 || record >= ledger.liveCount) continue;
    const [early, late] = [ledger.records[record], ledger.records[latest]];
    if (early !== undefined && late !== undefined && record < latest) {
      found.push({
        summary: `${nameOf(early)} is shown behind ${nameOf(late)}`,
        expected: renderRecord(early),
        recovered: `item ${item}, behind ${nameOf(late)}`,
      });
    }
    latest = Math.max(latest, record);
  }
  return found;
}

function holes({ ledger, itemOf }: LogReading): readonly Deviation[] {
  const last = itemOf.findLastIndex((item, record) => item !== -1 && record < ledger.liveCount);
  const behind = ledger.records[last];
  if (behind === undefined) return [];
  return ledger.records
    .slice(0, last)
    .filter((record, index) => itemOf[index] === -1 && (record.step.accepted || record.shown !== undefined))
    .map((record) => ({
      summary: `${nameOf(record)} is missing, though ${nameOf(behind)} is there`,
      expected: renderRecord(record),
      recovered: `not there, though ${nameOf(behind)} is`,
    }));
}

function nameOf({ step, part }: LogRecord): string {
  return step.mutation.op === 'appendBatch'
    ? `record ${part + 1} of the batch of step ${step.index}`
    : `the record of step ${step.index}`;
}
