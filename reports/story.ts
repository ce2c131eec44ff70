import { countOf, formatCount, joinWords } from './text.ts';
import type { Finding, TimelineRow } from './verdict.ts';

/** Parts of a finding's story that every report tells in the same words. */

export type OperationRow = Extract<TimelineRow, { readonly kind: 'operation' }>;
export type Fate = OperationRow['fate'];

export function operationsWithFate(finding: Finding, fate: Fate): readonly OperationRow[] {
  return finding.timeline.filter((row): row is OperationRow => row.kind === 'operation' && row.fate === fate);
}

/** How the finding got so small, and how often it was met. */
export function shrinkSentence(finding: Finding): string {
  const { operationsBefore, operationsAfter, lostBefore, lostAfter, attempts } = finding.shrink;
  const met = `${countOf(finding.occurrences, 'judged state')} broke this claim.`;
  if (attempts === 0) return `Not shrunk. ${met}`;
  // A program's own workload is not powercut's to shorten.
  const shorter =
    operationsBefore === 0
      ? ''
      : `from ${countOf(operationsBefore, 'operation')} to ${formatCount(operationsAfter)}, and `;
  const fewer = `from ${countOf(lostBefore, 'lost effect')} to ${formatCount(lostAfter)}`;
  return `Shrunk ${shorter}${fewer}, in ${countOf(attempts, 'attempt')}. ${met}`;
}

/**
 * At most about `rowsMax` rows: what was lost or torn and the crashes stay, then as many of the last rows as fit.
 * Each gap becomes one `omitted` row with its count.
 */
export function cutTimeline(rows: readonly TimelineRow[], rowsMax: number): readonly TimelineRow[] {
  if (rows.length <= rowsMax) return rows;
  const important = rows.flatMap((row, index) => (isImportant(row) ? [index] : [])).slice(-rowsMax);
  const kept = new Set(important);
  for (let index = rows.length - 1; index >= 0 && kept.size < rowsMax; index--) kept.add(index);
  const result: TimelineRow[] = [];
  let gap: TimelineRow[] = [];
  for (const [index, row] of rows.entries()) {
    if (!kept.has(index)) {
      gap.push(row);
      continue;
    }
    if (gap.length > 0) result.push(omission(gap));
    gap = [];
    result.push(row);
  }
  return gap.length > 0 ? [...result, omission(gap)] : result;
}

function isImportant(row: TimelineRow): boolean {
  if (row.kind === 'operation') return row.fate === 'lost' || row.fate === 'torn';
  return row.kind === 'process-crash' || row.kind === 'power-cut';
}

/** What a crash that is no power cut leaves. */
export function crashText({ ofMachine }: Extract<TimelineRow, { kind: 'process-crash' }>): string {
  return ofMachine === true
    ? "the machine is reset; the disk's cache stays, the page cache does not"
    : 'the process is killed; the page cache stays';
}

function omission(gap: readonly TimelineRow[]): TimelineRow {
  const operations = gap.reduce((sum, row) => {
    if (row.kind === 'omitted') return sum + row.operations;
    return row.kind === 'operation' ? sum + 1 : sum;
  }, 0);
  const count = (kind: TimelineRow['kind']) => gap.filter((row) => row.kind === kind).length;
  const others = [
    ...(count('request') > 0 ? [countOf(count('request'), 'request')] : []),
    ...(count('acknowledgement') > 0 ? [countOf(count('acknowledgement'), 'acknowledgement')] : []),
  ];
  const lost = gap.filter((row) => row.kind === 'operation' && isImportant(row)).length;
  const fate = lost > 0 ? `, ${formatCount(lost)} of them lost or torn` : '';
  const also = others.length > 0 ? `, with ${joinWords(others)}` : '';
  const text = `${countOf(operations, 'operation')}${also}${fate}; verdict.json has them`;
  return { kind: 'omitted', operations, text };
}
