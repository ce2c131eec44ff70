import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  type BatchHeader,
  decodeBatchHeader,
  decodeIndex,
  encodeBatchHeader,
  encodeIndex,
  faultOfBody,
  faultOfHeader,
  faultOfStored,
} from './batch.ts';
import { batchHeaderBytes, identify, recordHeaderBytes, viewOf } from './format.ts';
import { draftBytes, hasSoundRecords, holdsRecords, type LogRecord, recordAt, recordEnd } from './record.ts';
import { BatchBuffer } from './write/batch-buffer.ts';

const logId = new Uint8Array(16).fill(7);
const identity = identify(logId, 3, 77);
const place = { position: 4096, nextLsn: 100, chain: 0xabcd };
const limits = { blockBytes: 512, roomBytes: 8192, batchBytesMax: 4096, codec: 'none' as const };

function build(payloads: readonly Uint8Array[], type = 1) {
  const buffer = new BatchBuffer(512, { codec: undefined, contentHash: undefined });
  for (const [index, payload] of payloads.entries()) buffer.add(draftBytes(payload, type), 100 + index);
  buffer.pack();
  const { bytes, chain } = buffer.finish(identity, place, { durableLsn: 90, durableBytes: 2048 }, 5);
  return { bytes: bytes.slice(), chain };
}

function read(bytes: Uint8Array): BatchHeader {
  const header = decodeBatchHeader(bytes, 0, identity);
  if (header === undefined) throw new Error('not a batch');
  return header;
}

const bodyOf = (bytes: Uint8Array, header: BatchHeader) =>
  bytes.subarray(batchHeaderBytes, batchHeaderBytes + header.storedBytes);

function recordsOf(body: Uint8Array): LogRecord[] {
  const records: LogRecord[] = [];
  for (let offset = 0; offset < body.length; offset = recordEnd(viewOf(body), offset))
    records.push(recordAt(body, viewOf(body), offset, 100 + records.length));
  return records;
}

const payloads = fc.array(fc.uint8Array({ maxLength: 700 }), { minLength: 1, maxLength: 5 });

describe('a batch', () => {
  property.prop([payloads, fc.constantFrom(1, 128, 255)])('comes back as it was written', (given, type) => {
    const { bytes, chain } = build(given, type);
    const header = read(bytes);
    expect(bytes.length).toBe(header.blocks * 512);
    expect(header).toMatchObject({
      kind: 'data',
      recordCount: given.length,
      position: 4096,
      firstLsn: 100,
      durableLsn: 90,
      durableBytes: 2048,
      chain: 0xabcd,
      issuedAtMs: 5,
      crc: chain,
    });
    expect(faultOfHeader(header, place, limits)).toBeUndefined();
    const body = bodyOf(bytes, header);
    expect(faultOfStored(header, body)).toBeUndefined();
    expect(faultOfBody(header, body)).toBeUndefined();
    expect(hasSoundRecords(body)).toBe(true);
    expect(recordsOf(body)).toEqual(given.map((data, index) => ({ lsn: 100 + index, type, data })));
    expect(bytes.subarray(batchHeaderBytes + body.length).every((byte) => byte === 0)).toBe(true);
  });

  property.prop([payloads, fc.nat()])('with any bit flipped is not valid', (given, choice) => {
    const { bytes } = build(given);
    const length = batchHeaderBytes + read(bytes).storedBytes;
    const bit = choice % (length * 8);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const header = decodeBatchHeader(bytes, 0, identity);
    if (bit < batchHeaderBytes * 8) expect(header).toBeUndefined();
    else expect(faultOfStored(read(bytes), bodyOf(bytes, read(bytes)))).toBe('damaged body');
  });

  test('of another log, segment or epoch is none (I10)', () => {
    const { bytes } = build([new Uint8Array(5)]);
    for (const other of [identify(new Uint8Array(16), 3, 77), identify(logId, 4, 77), identify(logId, 3, 78)])
      expect(decodeBatchHeader(bytes, 0, other)).toBeUndefined();
  });

  test.for<[string, Partial<typeof place>]>([
    ['wrong position', { position: 4608 }],
    ['wrong position', { position: 1536 }],
    ['broken chain', { chain: 1 }],
    ['wrong LSN', { nextLsn: 101 }],
    ['wrong LSN', { nextLsn: 99 }],
  ])('has a %s where it does not fit', ([fault, change]) => {
    expect(faultOfHeader(read(build([new Uint8Array(5)]).bytes), { ...place, ...change }, limits)).toBe(
      fault,
    );
  });

  test.for<[string, Partial<typeof limits>]>([
    ['the room', { roomBytes: 1023 }],
    ['the longest batch', { batchBytesMax: 700 }],
    ['its blocks', { blockBytes: 1024 }],
  ])('has the wrong length if that does not fit %s', ([, change]) => {
    const header = read(build([new Uint8Array(800)]).bytes);
    expect(header.blocks).toBe(2);
    expect(faultOfHeader(header, place, { ...limits, ...change })).toBe('wrong length');
  });

  test.for<[string, string, Partial<BatchHeader>]>([
    ['promises what lies behind it', 'wrong position', { durableBytes: 4608 }],
    ['promises its own record', 'wrong LSN', { durableLsn: 100 }],
    ['says a wrong number of blocks', 'wrong length', { blocks: 2 }],
  ])('that %s is not valid', ([, fault, change]) => {
    const bytes = new Uint8Array(512);
    encodeBatchHeader(bytes, 0, identity, { ...read(build([new Uint8Array(5)]).bytes), ...change });
    expect(faultOfHeader(read(bytes), place, limits)).toBe(fault);
  });

  test('cut at the end of the file is none', () => {
    const { bytes } = build([new Uint8Array(5)]);
    expect(decodeBatchHeader(bytes.subarray(0, batchHeaderBytes - 1), 0, identity)).toBeUndefined();
  });
});

describe('records', () => {
  const body = (given: readonly Uint8Array[]) => {
    const { bytes } = build(given);
    return bodyOf(bytes, read(bytes)).slice();
  };

  test('fill their body exactly', () => {
    const two = body([new Uint8Array(3), new Uint8Array(0)]);
    expect(holdsRecords(two, 2)).toBe(true);
    expect(holdsRecords(two, 1)).toBe(false);
    expect(holdsRecords(two, 3)).toBe(false);
    expect(holdsRecords(two.subarray(0, two.length - 1), 2)).toBe(false);
  });

  test('of zeros are never valid', () => {
    for (const count of [1, 2, 10]) {
      expect(holdsRecords(new Uint8Array(count * recordHeaderBytes), count)).toBe(false);
      expect(hasSoundRecords(new Uint8Array(count * recordHeaderBytes))).toBe(false);
    }
  });

  test('with reserved bits or type 0 are not valid', () => {
    for (const [offset, value] of [
      [8, 0],
      [9, 1],
      [10, 1],
      [11, 1],
    ] as const) {
      const changed = body([new Uint8Array(3)]);
      changed[offset] = value;
      expect(holdsRecords(changed, 1)).toBe(false);
    }
  });

  property.prop([payloads, fc.nat()])('tell by themselves which of them is damaged', (given, choice) => {
    const changed = body(given);
    const bit = choice % (changed.length * 8);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(holdsRecords(changed, given.length) && hasSoundRecords(changed)).toBe(false);
  });

  test('a length that leads out of the body is caught before anything is read there', () => {
    const changed = body([new Uint8Array(3), new Uint8Array(3)]);
    new DataView(changed.buffer).setUint32(4, 0xffffffff, true);
    expect(holdsRecords(changed, 2)).toBe(false);
  });
});

describe("a seal's index", () => {
  property.prop([fc.nat({ max: 3000 })])('fits one block, begins with the first batch, rises', (count) => {
    const entries = Array.from({ length: count }, (_, index) => ({
      firstLsn: index * 3 + 1,
      position: (index + 1) * 512,
    }));
    const index = encodeIndex(entries, 512);
    expect(index.length).toBeLessThanOrEqual(512 - batchHeaderBytes);
    const kept = decodeIndex(index);
    expect(kept[0]).toEqual(entries[0]);
    expect(kept.length).toBeGreaterThanOrEqual(Math.min(count, 13));
    expect(kept).toEqual(entries.filter((entry) => kept.some(({ firstLsn }) => firstLsn === entry.firstLsn)));
  });
});
