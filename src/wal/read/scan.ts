import { type Batch, type BatchHeader, faultOfHeader } from '../batch.ts';
import { unpackBody } from '../codec/codec.ts';
import { areSoundRecords } from '../codec/content-hash.ts';
import { crc32c } from '../crc32c.ts';
import { recordHeaderBytes, type SegmentHeader, viewOf } from '../format.ts';
import { holdsRecords, isInnerPart, type LogRecord, recordAt, recordEnd } from '../record.ts';
import type { StorageFile } from '../storage.ts';
import { BatchCursor, type StopFault } from './batch-cursor.ts';

/** A stretch of a segment, as it is found by reading on behind damage. */
export type Span = BatchSpan | DamageSpan | RestSpan;

export interface BatchSpan {
  readonly kind: 'batch';
  readonly batch: Batch;
}

export interface DamageSpan {
  readonly kind: 'damage';
  readonly position: number;
  /** Up to the next batch that is valid in itself; 0: that one is here, and does not follow from what stands before. */
  readonly bytes: number;
  readonly fault: StopFault | 'a record is damaged';
  /** The LSN that was expected here. */
  readonly nextLsn: number;
  /** The batch's own, if that is valid in itself: then it is the body that is damaged. */
  readonly header: BatchHeader | undefined;
  /**
   * What is still good of that body: the records whose own CRC fits. A record's CRC binds neither its LSN nor its log, so
   * a stray block with the same layout could pass for one.
   */
  readonly records: readonly FoundRecord[];
}

export interface FoundRecord {
  readonly record: LogRecord;
  /** It is a part of a stream that others follow: not to be shown. */
  readonly isInner: boolean;
}

/** No batch follows: the end of the log, or damage up to the segment's end. */
export interface RestSpan {
  readonly kind: 'rest';
  readonly position: number;
  readonly bytes: number;
  readonly fault: StopFault;
  readonly nextLsn: number;
}

/**
 * Reads a segment from its start to `endBytes` or the end of its file, and goes on behind what is damaged: at the next block that holds a batch
 * header of this very segment and position (its CRC is seeded with both), with LSNs that have not been seen yet and stay
 * below `lsnLimit`. Each step moves on by a block at least, and no length is believed before it fits the segment.
 */
export async function* scanSegment(
  file: StorageFile,
  header: SegmentHeader,
  endBytes: number,
  lsnLimit: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<Span, void, undefined> {
  // What a header says of its segment's end may be a lie.
  const limitBytes = Math.min(endBytes, await file.size());
  const cursor = new BatchCursor(file, header, limitBytes);
  for (;;) {
    const { position, nextLsn } = cursor;
    const batch = await cursor.next();
    if (batch !== undefined) {
      yield await spanOf(batch, header.blockBytes);
      continue;
    }
    const { fault } = cursor;
    if (fault === undefined) return;
    const from = { position, nextLsn, endBytes: limitBytes, lsnLimit };
    const here = await headerInItself(cursor, header, from);
    const isMisfit = fault === 'broken chain' || fault === 'wrong LSN';
    const damaged = isMisfit ? undefined : here;
    const next = damaged === undefined ? await findBatch(cursor, header, from) : startBehind(damaged, header);
    if (next === undefined) {
      yield { kind: 'rest', position, bytes: limitBytes - position, fault, nextLsn };
      return;
    }
    const records = damaged === undefined ? [] : await goodRecords(cursor, header, damaged);
    const bytes = next.position - position;
    yield { kind: 'damage', position, bytes, fault, nextLsn, header: damaged, records };
    cursor.skipTo(next);
  }
}

async function spanOf(batch: Batch, blockBytes: number): Promise<Span> {
  const { header, body } = batch;
  if (header.kind !== 'data' || (await areSoundRecords(body))) return { kind: 'batch', batch };
  return {
    kind: 'damage',
    position: header.position,
    bytes: header.blocks * blockBytes,
    fault: 'a record is damaged',
    nextLsn: header.firstLsn,
    header,
    records: soundRecords(body, header),
  };
}

interface ScanFrom {
  readonly position: number;
  readonly nextLsn: number;
  readonly endBytes: number;
  readonly lsnLimit: number;
}

interface ScanStart {
  readonly position: number;
  readonly firstLsn: number;
  readonly chain: number;
}

function startBehind(damaged: BatchHeader, { blockBytes }: SegmentHeader): ScanStart {
  const { position, blocks, firstLsn, recordCount, crc } = damaged;
  return { position: position + blocks * blockBytes, firstLsn: firstLsn + recordCount, chain: crc };
}

async function findBatch(
  cursor: BatchCursor,
  segment: SegmentHeader,
  from: ScanFrom,
): Promise<ScanStart | undefined> {
  for (let { position } = from; position < from.endBytes; position += segment.blockBytes) {
    const found = await headerInItself(cursor, segment, { ...from, position });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The header at a position, if it belongs right there and its LSNs come behind those that were seen. */
async function headerInItself(
  cursor: BatchCursor,
  segment: SegmentHeader,
  { position, nextLsn, endBytes, lsnLimit }: ScanFrom,
): Promise<BatchHeader | undefined> {
  const header = await cursor.headerAt(position);
  if (header === undefined || header.firstLsn < nextLsn) return undefined;
  if (header.firstLsn + header.recordCount > lsnLimit) return undefined;
  const place = { position, nextLsn: header.firstLsn, chain: header.chain };
  const { blockBytes, batchBytesMax, codec } = segment;
  const limits = { blockBytes, batchBytesMax, codec, roomBytes: endBytes - position };
  return faultOfHeader(header, place, limits) === undefined ? header : undefined;
}

async function goodRecords(
  cursor: BatchCursor,
  { codec }: SegmentHeader,
  header: BatchHeader,
): Promise<FoundRecord[]> {
  if (header.kind !== 'data') return [];
  const stored = await cursor.storedAt(header);
  if (stored === undefined) return [];
  const body = header.isCompressed ? await unpackBody(codec, stored, header.rawBytes) : stored;
  return body === undefined ? [] : soundRecords(body, header);
}

/**
 * The records of a damaged body whose own CRC fits. Behind a bad one only if the lengths of all still lead to the body's end
 * in as many steps as the header announces: else which record is which cannot be told.
 */
export function soundRecords(
  body: Uint8Array,
  { firstLsn, recordCount }: Pick<BatchHeader, 'firstLsn' | 'recordCount'>,
): FoundRecord[] {
  const view = viewOf(body);
  const isAligned = holdsRecords(body, recordCount);
  const records: FoundRecord[] = [];
  let offset = 0;
  for (let index = 0; index < recordCount && offset + recordHeaderBytes <= body.length; index++) {
    const end = recordEnd(view, offset);
    if (end > body.length) break;
    const isSound = view.getUint32(offset, true) === crc32c(body.subarray(offset + 4, end));
    if (isSound && holdsRecords(body.subarray(offset, end), 1)) {
      const record = recordAt(body, view, offset, firstLsn + index);
      records.push({ record, isInner: isInnerPart(view, offset) });
    } else if (!isAligned) break;
    offset = end;
  }
  return records;
}
