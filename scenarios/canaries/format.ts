import { crc32c } from '@node-rs/crc32';
import type { Planted } from './variants.ts';

/**
 * A segment file, little-endian:
 *
 *   block 0   header: magic "powercut", number u32, base u48 (of its first record), checksum u32; then unused
 *   block 1…  records, in groups; each group that was synced together starts at a new block
 *
 *   record    checksum u32, length u32 (of the payload), segment u32, place u32 (offset in the file),
 *             first u48 (number of its first item), promise u48, count u32; then the payload: count × (length u32, bytes)
 *
 * A record is valid if and only if it lies wholly in the file, names this segment and this place, and its checksum, over
 * all that follows it, is right. It is part of the log if its `first` is the number that comes next. So a
 * record that was lost, torn, left over from another time or put in the wrong place is never taken for one that counts.
 *
 * `promise`: when this record was written, every item with a lower number was durable. `count` 0: the clean end, the last
 * thing in a log that was closed; it has no items and promises everything.
 *
 * What was synced is never written to again, not even in part: the power may go in the middle of a physical block.
 */
export const blockBytes = 4096;
export const payloadBytesMax = 1 << 24;
const headerBytes = 32;
const magic = Buffer.from('powercut');

export interface SegmentHeader {
  readonly number: number;
  readonly base: number;
}

export interface LogRecord {
  readonly segment: number;
  readonly place: number;
  readonly first: number;
  readonly promise: number;
  readonly items: readonly Uint8Array[];
}

export function encodeHeader({ number, base }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(22);
  magic.copy(bytes, 0);
  bytes.writeUInt32LE(number, 8);
  bytes.writeUIntLE(base, 12, 6);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 18)), 18);
  return bytes;
}

/** Undefined where it is not valid. */
export function decodeHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < 22 || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (bytes.readUInt32LE(18) !== crc32c(bytes.subarray(0, 18))) return undefined;
  return { number: bytes.readUInt32LE(8), base: bytes.readUIntLE(12, 6) };
}

export function encodeRecord(record: LogRecord): Buffer {
  const payloadBytes = record.items.reduce((sum, item) => sum + 4 + item.length, 0);
  const bytes = Buffer.alloc(headerBytes + payloadBytes);
  bytes.writeUInt32LE(payloadBytes, 4);
  bytes.writeUInt32LE(record.segment, 8);
  bytes.writeUInt32LE(record.place, 12);
  bytes.writeUIntLE(record.first, 16, 6);
  bytes.writeUIntLE(record.promise, 22, 6);
  bytes.writeUInt32LE(record.items.length, 28);
  let at = headerBytes;
  for (const item of record.items) {
    bytes.writeUInt32LE(item.length, at);
    bytes.set(item, at + 4);
    at += 4 + item.length;
  }
  bytes.writeUInt32LE(crc32c(bytes.subarray(4)), 0);
  return bytes;
}

interface Decoded {
  readonly record: LogRecord;
  readonly end: number;
  /** False only where the checksum is wrong and a planted bug looks at the header all the same. */
  readonly whole: boolean;
}

/** The record at `place`, if there is one. Where the checksum does not vouch for the header, nothing in it is believed. */
function decodeRecord(bytes: Buffer, place: number, segment: number, planted: Planted): Decoded | undefined {
  if (place + headerBytes > bytes.length) return undefined;
  const end = place + headerBytes + bytes.readUInt32LE(place + 4);
  if (end > bytes.length) return undefined;
  if (bytes.readUInt32LE(place + 8) !== segment || bytes.readUInt32LE(place + 12) !== place) return undefined;
  const whole =
    bytes.readUInt32LE(place) === crc32c(bytes.subarray(place + 4, end)) || planted('no-checksum');
  if (!whole && !planted('trusts-length')) return undefined;
  const record = {
    segment,
    place,
    first: bytes.readUIntLE(place + 16, 6),
    promise: bytes.readUIntLE(place + 22, 6),
    items: decodeItems(bytes.subarray(place + headerBytes, end), bytes.readUInt32LE(place + 28)),
  };
  return { record, end, whole };
}

function decodeItems(payload: Buffer, count: number): Uint8Array[] {
  const items: Uint8Array[] = [];
  for (let at = 0; items.length < count && at + 4 <= payload.length; ) {
    const end = at + 4 + payload.readUInt32LE(at);
    items.push(payload.subarray(at + 4, end));
    at = end;
  }
  return items;
}

/** What a segment's bytes say after the header. */
export interface SegmentContent {
  readonly records: readonly LogRecord[];
  /** The number that would come next. */
  readonly next: number;
  /** The clean end was found in its place. */
  readonly ended: boolean;
  /**
   * The highest promise of any valid record behind the place where the log stops. Above `next`, it proves that records
   * which were durable are missing: damage, not a torn tail.
   */
  readonly promised: number;
}

export function decodeSegment(bytes: Buffer, header: SegmentHeader, planted: Planted): SegmentContent {
  const records: LogRecord[] = [];
  let next = header.base;
  let at = blockBytes;
  let steppedOver = false;
  for (;;) {
    const decoded = decodeRecord(bytes, at, header.number, planted);
    if (decoded?.whole && (decoded.record.first === next || steppedOver)) {
      next = decoded.record.first + decoded.record.items.length;
      if (decoded.record.items.length === 0) return { records, next, ended: true, promised: next };
      records.push(decoded.record);
      at = decoded.end;
    } else if (decoded !== undefined && planted('trusts-length')) {
      steppedOver = true;
      at = decoded.end;
    } else if (isZeroBlock(bytes, at) && planted('zero-tail-as-records')) {
      records.push({
        segment: header.number,
        place: at,
        first: next,
        promise: 0,
        items: [new Uint8Array(0)],
      });
      next += 1;
      at += blockBytes;
    } else if (at % blockBytes !== 0) {
      at = nextBlock(at);
    } else {
      return { records, next, ended: false, promised: highestPromise(bytes, at, header, planted) };
    }
  }
}

function highestPromise(bytes: Buffer, from: number, header: SegmentHeader, planted: Planted): number {
  let promised = 0;
  for (let at = from; at < bytes.length; at += blockBytes) {
    const decoded = decodeRecord(bytes, at, header.number, planted);
    if (decoded?.whole) promised = Math.max(promised, decoded.record.promise);
  }
  return promised;
}

function isZeroBlock(bytes: Buffer, at: number): boolean {
  return (
    at % blockBytes === 0 &&
    at < bytes.length &&
    bytes.subarray(at, at + headerBytes).every((byte) => byte === 0)
  );
}

/** The first block boundary at or after `offset`. */
export function nextBlock(offset: number): number {
  return Math.ceil(offset / blockBytes) * blockBytes;
}
