import type { TimelineRow } from '../reports/verdict.ts';
import type { TraceEntry } from '../src/faults/model/recording.ts';
import type { Violation } from './exploration.ts';

/** Rows that a reader need not see one by one: stretches of operations that reached the disk as they were asked. */
export function collapse(
  rows: readonly TimelineRow[],
  isTelling: ReadonlySet<number>,
): readonly TimelineRow[] {
  const result: TimelineRow[] = [];
  let quiet: TimelineRow[] = [];
  const flush = () => {
    if (quiet.length > quietRowsMax) {
      const shown = quiet.slice(-1);
      const left = quiet.length - shown.length;
      result.push({
        kind: 'omitted',
        operations: left,
        text: `${left} operations, all of which reached the disk`,
      });
      result.push(...shown);
    } else result.push(...quiet);
    quiet = [];
  };
  const lastBarrier = rows.findLastIndex((row) => row.kind === 'operation' && row.fate === 'barrier');
  rows.forEach((row, index) => {
    if (isQuiet(row) && !isTelling.has(row.entry) && index !== lastBarrier) quiet.push(row);
    else {
      flush();
      result.push(row);
    }
  });
  flush();
  return result;
}

/** A stretch longer than this is told in one row, with its last operation beside it. */
const quietRowsMax = 4;

const quietFates: ReadonlySet<string> = new Set(['durable', 'kept', 'barrier', 'none']);

function isQuiet(row: TimelineRow): row is Extract<TimelineRow, { kind: 'operation' }> {
  return row.kind === 'operation' && quietFates.has(row.fate);
}

/**
 * Trace entries that a story cannot leave out, whatever reached the disk of them: what a fault befell or did, a barrier that was left
 * out, and where a subject closed that was started again (torture marks its kills, and not its clean ends).
 */
export function tellingEntries({ run, origin }: Violation): ReadonlySet<number> {
  const mayStartAgain = origin.kind === 'torture' && origin.life.length !== 1;
  const isTold = (step: TraceEntry) => {
    if (step.kind !== 'operation') return false;
    const { operation } = step;
    if (operation.kind === 'sync') return operation.leftOut === true;
    return operation.kind === 'medium' || (operation.kind === 'close' && mayStartAgain);
  };
  const told = run.recording.trace.flatMap((step, entry) => (isTold(step) ? [entry] : []));
  return new Set([...told, ...run.firings.map(({ entry }) => entry)]);
}
