import type { ContentHash } from './codec/content-hash.ts';
import { crc32c } from './crc32c.ts';
import { putU64, recordHeaderBytes, takeU64, viewOf } from './format.ts';

/** docs/wal-format.md section 3.3: u32 CRC, u32 length, u8 type, u8 flags, u16 reserved, payload. */
export interface LogRecord {
  /** Its number, from 1. Dense, but that a stream (below) has one for each of its parts and is shown under the last. */
  readonly lsn: number;
  /** One of {@link recordTypes}, or 128 to 255: the user's own. */
  readonly type: number;
  /** Its value, empty for a delete. A view that nobody writes to any more. */
  readonly data: Uint8Array;
  /** Of a put or a delete, with when it was appended: milliseconds since 1970. */
  readonly key: Uint8Array | undefined;
  readonly timeMs: number | undefined;
  /** Of a stream: the LSN of its first part. `data` is then the last part alone; `Wal.readStream` answers all of them. */
  readonly streamFrom: number | undefined;
}

export const recordTypes = { bytes: 1, put: 2, delete: 3, json: 4 } as const;
export const recordTypeUserMin = 128;
export const recordTypeUserMax = 255;

export function isUserType(type: number): boolean {
  return Number.isInteger(type) && type >= recordTypeUserMin && type <= recordTypeUserMax;
}

export const keyBytesMax = 1024 * 1024;

/** A record that is to be appended. */
export interface RecordDraft {
  readonly type: number;
  readonly value: Uint8Array;
  /** Puts and deletes have one. */
  readonly key: Uint8Array | undefined;
  /** Counts if there is a key. */
  readonly timeMs: number;
  readonly part: StreamPart | undefined;
}

export interface StreamPart {
  /** LSN of the stream's first part; undefined: this is it. */
  readonly from: number | undefined;
  readonly isLast: boolean;
}

const flagHash = 1;
const flagKey = 2;
const flagPart = 4;
const flagLastPart = 8;
const flagsMax = 15;
const hashBytes = 32;
const partBytes = 8;
/** Time and length of the key. */
const keyHeaderBytes = 12;

export function draftBytes(value: Uint8Array, type: number = recordTypes.bytes): RecordDraft {
  return { type, value, key: undefined, timeMs: 0, part: undefined };
}

export function encodedRecordBytes({ value, key, part }: RecordDraft, isHashed = false): number {
  return (
    recordHeaderBytes +
    (part === undefined ? 0 : partBytes) +
    (key === undefined ? 0 : keyHeaderBytes + key.length) +
    value.length +
    (isHashed ? hashBytes : 0)
  );
}

/** Writes a record at `offset` and answers the offset behind it. With `hash`, it gets a content hash. */
export function encodeRecord(
  target: Uint8Array,
  view: DataView,
  offset: number,
  draft: RecordDraft,
  lsn: number,
  hash?: ContentHash,
): number {
  const { type, value, key, part } = draft;
  const start = offset + recordHeaderBytes;
  let flags = 0;
  let end = start;
  if (part !== undefined) {
    flags |= part.isLast ? flagPart | flagLastPart : flagPart;
    putU64(view, end, part.from ?? lsn);
    end += partBytes;
  }
  if (key !== undefined) {
    flags |= flagKey;
    putU64(view, end, draft.timeMs);
    view.setUint32(end + 8, key.length, true);
    target.set(key, end + keyHeaderBytes);
    end += keyHeaderBytes + key.length;
  }
  target.set(value, end);
  end += value.length;
  if (hash !== undefined) {
    flags |= flagHash;
    target.set(hash(target.subarray(start, end)), end);
    end += hashBytes;
  }
  view.setUint32(offset + 4, end - start, true);
  view.setUint32(offset + 8, type | (flags << 8), true);
  view.setUint32(offset, crc32c(target.subarray(offset + 4, end)), true);
  return end;
}

/** Whether `body` is exactly `count` records, by their lengths, types, flags and reserved bits. The body's CRC stands for the rest. */
export function holdsRecords(body: Uint8Array, count: number): boolean {
  const view = viewOf(body);
  let offset = 0;
  let left = count;
  for (; left > 0 && offset + recordHeaderBytes <= body.length; left--) {
    const end = recordEnd(view, offset);
    if (end > body.length || !hasValidFields(view, offset)) return false;
    offset = end;
  }
  return left === 0 && offset === body.length;
}

/** Whether type, flags and the fields that they announce fit the payload of a record that ends within its body. */
function hasValidFields(view: DataView, offset: number): boolean {
  const typeAndFlags = view.getUint32(offset + 8, true);
  const type = typeAndFlags & 0xff;
  const flags = typeAndFlags >>> 8;
  const isKeyed = type === recordTypes.put || type === recordTypes.delete;
  if (type === 0 || flags > flagsMax || isKeyed !== ((flags & flagKey) !== 0)) return false;
  if (flags === 0) return true;
  const isPart = (flags & flagPart) !== 0;
  if (!isPart && (flags & flagLastPart) !== 0) return false;
  const fieldsBytes =
    (isPart ? partBytes : 0) + (isKeyed ? keyHeaderBytes : 0) + (flags & flagHash ? hashBytes : 0);
  const roomBytes = view.getUint32(offset + 4, true) - fieldsBytes;
  if (!isKeyed) return roomBytes >= 0;
  if (roomBytes < 0) return false;
  const keyBytes = view.getUint32(offset + recordHeaderBytes + (isPart ? partBytes : 0) + 8, true);
  return type === recordTypes.delete ? keyBytes === roomBytes : keyBytes <= roomBytes;
}

/** Behind the record at `offset`: where the next one begins. */
export function recordEnd(view: DataView, offset: number): number {
  return offset + recordHeaderBytes + view.getUint32(offset + 4, true);
}

/** Whether a record is a part of a stream that others follow: it is not shown. */
export function isInnerPart(view: DataView, offset: number): boolean {
  return (view.getUint8(offset + 9) & (flagPart | flagLastPart)) === flagPart;
}

/** The record at `offset` of a body that {@link holdsRecords}. */
export function recordAt(body: Uint8Array, view: DataView, offset: number, lsn: number): LogRecord {
  const type = view.getUint8(offset + 8);
  const flags = view.getUint8(offset + 9);
  let start = offset + recordHeaderBytes;
  let end = start + view.getUint32(offset + 4, true);
  let key: Uint8Array | undefined;
  let timeMs: number | undefined;
  let streamFrom: number | undefined;
  if (flags !== 0) {
    if (flags & flagHash) end -= hashBytes;
    if (flags & flagPart) {
      streamFrom = takeU64(view, start);
      start += partBytes;
    }
    if (flags & flagKey) {
      timeMs = takeU64(view, start);
      const keyStart = start + keyHeaderBytes;
      start = keyStart + view.getUint32(start + 8, true);
      key = body.subarray(keyStart, start);
    }
  }
  return { lsn, type, data: body.subarray(start, end), key, timeMs, streamFrom };
}

/** Whether each record's own CRC fits, and with `hash` its content hash if it has one, in a body that {@link holdsRecords}. */
export function hasSoundRecords(body: Uint8Array, hash?: ContentHash): boolean {
  const view = viewOf(body);
  for (let offset = 0; offset < body.length; ) {
    const end = recordEnd(view, offset);
    if (view.getUint32(offset, true) !== crc32c(body.subarray(offset + 4, end))) return false;
    offset = end;
  }
  return hash === undefined || hasSoundHashes(body, hash);
}

/** Whether any record of a body that {@link holdsRecords} has a content hash. */
export function hasContentHashes(body: Uint8Array): boolean {
  const view = viewOf(body);
  for (let offset = 0; offset < body.length; offset = recordEnd(view, offset))
    if (view.getUint8(offset + 9) & flagHash) return true;
  return false;
}

/** Whether the content hashes that records of a body have are those of their payloads. */
export function hasSoundHashes(body: Uint8Array, hash: ContentHash): boolean {
  const view = viewOf(body);
  for (let offset = 0; offset < body.length; ) {
    const end = recordEnd(view, offset);
    if (view.getUint8(offset + 9) & flagHash) {
      const payload = body.subarray(offset + recordHeaderBytes, end - hashBytes);
      if (Buffer.compare(hash(payload), body.subarray(end - hashBytes, end)) !== 0) return false;
    }
    offset = end;
  }
  return true;
}
