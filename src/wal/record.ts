import { crc32c } from './crc32c.ts';
import { recordHeaderBytes, viewOf } from './format.ts';

/** docs/wal-format.md section 3.3: u32 CRC, u32 length, u8 type, u8 flags, u16 reserved, payload. */
export interface LogRecord {
  /** Its number: dense, from 1. */
  readonly lsn: number;
  /** 1 for plain bytes, 128 to 255 the user's own. */
  readonly type: number;
  /** A view that nobody writes to any more. */
  readonly data: Uint8Array;
}

export const recordTypeBytes = 1;
export const recordTypeUserMin = 128;
export const recordTypeUserMax = 255;

export function encodedRecordBytes(payload: Uint8Array): number {
  return recordHeaderBytes + payload.length;
}

/** Writes a record at `offset` and answers the offset behind it. */
export function encodeRecord(
  target: Uint8Array,
  view: DataView,
  offset: number,
  type: number,
  payload: Uint8Array,
): number {
  const end = offset + recordHeaderBytes + payload.length;
  view.setUint32(offset + 4, payload.length, true);
  view.setUint32(offset + 8, type, true);
  target.set(payload, offset + recordHeaderBytes);
  view.setUint32(offset, crc32c(target.subarray(offset + 4, end)), true);
  return end;
}

/** Whether `body` is exactly `count` records, by their lengths, types and reserved bits. The body's CRC stands for the rest. */
export function holdsRecords(body: Uint8Array, count: number): boolean {
  const view = viewOf(body);
  let offset = 0;
  let left = count;
  for (; left > 0 && offset + recordHeaderBytes <= body.length; left--) {
    const typeAndFlags = view.getUint32(offset + 8, true);
    if (typeAndFlags === 0 || typeAndFlags > 255) return false;
    offset += recordHeaderBytes + view.getUint32(offset + 4, true);
  }
  return left === 0 && offset === body.length;
}

/** The record at `offset` of a body that {@link holdsRecords}; the next one begins behind its data. */
export function recordAt(body: Uint8Array, view: DataView, offset: number, lsn: number): LogRecord {
  const start = offset + recordHeaderBytes;
  const end = start + view.getUint32(offset + 4, true);
  return { lsn, type: view.getUint8(offset + 8), data: body.subarray(start, end) };
}

/** Whether each record's own CRC fits, in a body that {@link holdsRecords}. */
export function hasSoundRecords(body: Uint8Array): boolean {
  const view = viewOf(body);
  for (let offset = 0; offset < body.length; ) {
    const end = offset + recordHeaderBytes + view.getUint32(offset + 4, true);
    if (view.getUint32(offset, true) !== crc32c(body.subarray(offset + 4, end))) return false;
    offset = end;
  }
  return true;
}
