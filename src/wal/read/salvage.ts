import type { ChainSegment } from '../chain.ts';
import { segmentName, viewOf } from '../format.ts';
import { isInnerPart, type LogRecord, recordAt, recordEnd } from '../record.ts';
import { type LogView, type LsnRange, openSegment, readingError } from './batches.ts';
import { type FoundRecord, type Span, scanSegment } from './scan.ts';

/** Records that cannot be read, in the place where they should be. */
export interface LogGap {
  readonly gap: true;
  /** First and last LSN that are missing. */
  readonly fromLsn: number;
  readonly toLsn: number;
  /** Where: the segment's file, and the bytes that are damaged in it (0 where nothing is, and records are missing all the same). */
  readonly file: string;
  readonly position: number;
  readonly bytes: number;
  readonly fault: string;
}

/** A record that stands in a damaged batch, and whose own CRC fits. */
export interface SalvagedRecord extends LogRecord {
  /** A record's CRC does not bind its LSN: a stray block of the same layout could pass for it. */
  readonly salvaged: true;
}

export function isGap(item: LogRecord | LogGap): item is LogGap {
  return 'gap' in item;
}

type Place = Omit<LogGap, 'gap' | 'fromLsn' | 'toLsn'>;

/**
 * The records of a range that can still be read, in order, and a gap wherever LSNs are missing: between them they name every
 * LSN of the range once, but for the inner parts of streams. Reads on behind damage, as {@link scanSegment} does.
 */
export async function* iterateSalvaged(
  view: LogView,
  { from, to }: LsnRange,
): AsyncGenerator<LogRecord | LogGap, void, undefined> {
  const { chain } = view;
  const firstLsn = chain[0]?.header.baseLsn ?? from;
  let expected = from;
  let damage: Place = { file: '', position: 0, bytes: 0, fault: 'no segment holds it' };
  const gapUpTo = (lsn: number): LogGap => ({ gap: true, fromLsn: expected, toLsn: lsn, ...damage });
  for (const [index, segment] of chain.entries()) {
    const next = chain[index + 1]?.header;
    if (next !== undefined && next.baseLsn <= from) continue;
    const { name } = segment.header.identity;
    const isCut = next !== undefined && next.predecessor.number !== segment.header.identity.number;
    for await (const span of spansOf(view, segment, next?.baseLsn)) {
      if (span.kind !== 'batch')
        damage = { file: name, position: span.position, bytes: span.bytes, fault: span.fault };
      for (const { record, isInner } of recordsOf(span)) {
        if (record.lsn < expected) continue;
        if (record.lsn > to) break;
        if (record.lsn > expected) yield gapUpTo(record.lsn - 1);
        expected = record.lsn + 1;
        // Of a stream of which parts were let go of, nothing is shown.
        if (!isInner && (record.streamFrom ?? firstLsn) >= firstLsn) yield record;
      }
    }
    if (isCut) {
      const { number, epoch } = next.predecessor;
      damage = { file: segmentName(number, epoch), position: 0, bytes: 0, fault: 'the segment is missing' };
    }
  }
  if (expected <= to) yield gapUpTo(to);
}

async function* spansOf(
  view: LogView,
  segment: ChainSegment,
  lsnLimit: number | undefined,
): AsyncGenerator<Span, void, undefined> {
  const { file } = await openSegment(view, segment);
  try {
    yield* scanSegment(file, segment.header, segment.endBytes, lsnLimit);
  } catch (error) {
    throw readingError(view, segment, error);
  } finally {
    await file.close();
  }
}

function* recordsOf(span: Span): Generator<FoundRecord> {
  if (span.kind === 'damage') {
    for (const { record, isInner } of span.records) {
      const salvaged: SalvagedRecord = { ...record, salvaged: true };
      yield { record: salvaged, isInner };
    }
  }
  if (span.kind !== 'batch' || span.batch.header.kind !== 'data') return;
  const { header, body } = span.batch;
  const view = viewOf(body);
  let lsn = header.firstLsn;
  for (let offset = 0; offset < body.length; offset = recordEnd(view, offset)) {
    yield { record: recordAt(body, view, offset, lsn++), isInner: isInnerPart(view, offset) };
  }
}
