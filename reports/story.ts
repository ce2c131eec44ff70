import type { ReportedFinding } from './summary.ts';
import { countOf, formatCount, joinWords } from './text.ts';
import type { Finding, TimelineRow } from './verdict.ts';

/** Parts of a finding's story that every report tells in the same words. */

export type OperationRow = Extract<TimelineRow, { readonly kind: 'operation' }>;
export type Fate = OperationRow['fate'];

/** What stands for a fate in a legend. */
export const fateMeanings: Readonly<Record<Exclude<Fate, 'none'>, string>> = {
  durable: 'on disk: a barrier covers it',
  kept: 'on disk, though no barrier covers it',
  torn: 'only some of the data of a write is on disk',
  part: 'not all of it is on disk: the detail says what is missing',
  lost: 'not on disk: no barrier covers it',
  barrier: 'makes what came before it durable',
  failed: 'a barrier that made nothing durable',
};

/** Fates whose words do not say it all, as far as the story has them: `failed: a barrier that made nothing durable`. */
export function fateLegend(rows: readonly TimelineRow[]): readonly string[] {
  return (['torn', 'part', 'failed'] as const)
    .filter((fate) => rows.some((row) => row.kind === 'operation' && row.fate === fate))
    .map((fate) => `${fate}: ${fateMeanings[fate]}`);
}

/** How exact the places of the acknowledgements are, where a reader could take them for more. */
export function acknowledgementRemark({ finding, scenario }: ReportedFinding): string | undefined {
  const isTold = finding.timeline.some(({ kind }) => kind === 'acknowledgement');
  if (scenario.subject.how !== 'command' || !isTold) return undefined;
  return 'An acknowledgement on stdout is noted when it is read, perhaps late; for the exact order, write it to the file that POWERCUT_ACK names.';
}

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
 * At most about `rowsMax` rows: what is missing or failed and the crashes stay, then as many of the last rows as fit.
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
  if (row.kind === 'operation') return row.fate === 'failed' || isMissing(row);
  return row.kind === 'process-crash' || row.kind === 'power-cut';
}

function isMissing({ fate }: OperationRow): boolean {
  return fate === 'lost' || fate === 'torn' || fate === 'part';
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
  const missing = gap.filter((row) => row.kind === 'operation' && isMissing(row)).length;
  const fate = missing > 0 ? `, ${formatCount(missing)} of them lost, in part or whole` : '';
  const also = others.length > 0 ? `, with ${joinWords(others)}` : '';
  const text = `${countOf(operations, 'operation')}${also}${fate}; verdict.json has them`;
  return { kind: 'omitted', operations, text };
}
