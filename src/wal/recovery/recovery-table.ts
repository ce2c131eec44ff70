/**
 * What is known about the position where reading a log stopped. docs/wal-format.md section 7 says where each comes from.
 */
export interface Evidence {
  /** The disk answered with an error there. */
  readonly readFailed: boolean;
  /** The file is shorter than its header says. */
  readonly fileShort: boolean;
  /** A valid segment header further on says that the log went on from elsewhere, or from a later position here. */
  readonly covered: boolean;
  /** The manifest names a later segment, and it is gone. */
  readonly published: boolean;
  /** The manifest's tail lies beyond. */
  readonly manifestBeyond: boolean;
  /** The caller's `knownDurableLsn` or a consumer's cursor is at or beyond the LSN that was expected there. */
  readonly knownBeyond: boolean;
  /** A valid batch header beyond promises durable bytes beyond it. */
  readonly promised: boolean;
  /** Bytes that are not zero lie further behind it than what can be in flight. */
  readonly tooLong: boolean;
  /** All bytes from there on are zero. */
  readonly restZero: boolean;
  /** The last batch is a clean end or a seal, and the manifest's tail is right behind it. */
  readonly closed: boolean;
}

export type Judgement = 'corrupt' | 'clean' | 'end' | 'torn';

/** One row: what must be so, in the order of {@link columns} (`1` yes, `0` no, `*` either), and what it means. */
export interface Row {
  readonly name: string;
  readonly pattern: string;
  readonly judgement: Judgement;
  readonly meaning: string;
}

export const columns: readonly (keyof Evidence)[] = [
  'readFailed',
  'fileShort',
  'covered',
  'published',
  'manifestBeyond',
  'knownBeyond',
  'promised',
  'tooLong',
  'restZero',
  'closed',
];

/** Exactly one row fits any evidence: a test tries all combinations. */
// biome-ignore format: a table
export const rows: readonly Row[] = [
  { name: 'read-failed',     pattern: '1 * * * *  * * * * *', judgement: 'corrupt', meaning: 'the disk cannot read it' },
  { name: 'file-short',      pattern: '0 1 * * *  * * * * *', judgement: 'corrupt', meaning: 'the file is shorter than its header says' },
  { name: 'covered',         pattern: '0 0 1 * *  * * * * *', judgement: 'corrupt', meaning: 'a later segment shows that the log went on' },
  { name: 'published',       pattern: '0 0 0 1 *  * * * * *', judgement: 'corrupt', meaning: 'a later segment that the manifest names is gone' },
  { name: 'manifest-beyond', pattern: '0 0 0 0 1  * * * * *', judgement: 'corrupt', meaning: 'the manifest shows that the log went on' },
  { name: 'known-beyond',    pattern: '0 0 0 0 0  1 * * * *', judgement: 'corrupt', meaning: 'knownDurableLsn or a cursor says that the log went on' },
  { name: 'promised',        pattern: '0 0 0 0 0  0 1 * * *', judgement: 'corrupt', meaning: 'a later batch promises that it was durable' },
  { name: 'too-long',        pattern: '0 0 0 0 0  0 0 1 * *', judgement: 'corrupt', meaning: 'more is damaged than can have been in flight' },
  { name: 'clean',           pattern: '0 0 0 0 0  0 0 0 1 1', judgement: 'clean',   meaning: 'the log was closed here' },
  { name: 'end',             pattern: '0 0 0 0 0  0 0 0 1 0', judgement: 'end',     meaning: 'nothing was written behind it' },
  { name: 'torn',            pattern: '0 0 0 0 0  0 0 0 0 *', judgement: 'torn',    meaning: 'a write was cut here' },
];

export function judge(evidence: Evidence): Row {
  const row = rows.find((candidate) => fits(candidate, evidence));
  if (row === undefined) throw new Error(`no row of the recovery table fits ${JSON.stringify(evidence)}`);
  return row;
}

export function fits(row: Row, evidence: Evidence): boolean {
  const cells = row.pattern.split(/ +/);
  return columns.every(
    (column, index) => cells[index] === '*' || (cells[index] === '1') === evidence[column],
  );
}
