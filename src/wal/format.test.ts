import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  identify,
  isBlockSize,
  parseSegmentName,
  type SegmentHeader,
  segmentHeaderBytes,
  segmentName,
  viewOf,
} from './format.ts';

const logId = new Uint8Array(16).fill(7);
const identity = identify(logId, 9, 0xabcdef012345);
const header: Omit<SegmentHeader, 'crc'> = {
  identity,
  blockBytes: 4096,
  segmentBytes: 16_384,
  batchBytesMax: 65_536,
  unsyncedBytesMax: 131_072,
  codec: 'zlib',
  baseLsn: 2 ** 40 + 5,
  createdAtMs: 1_700_000_000_000,
  predecessor: { number: 8, epoch: 0xfedcba987654, endBytes: 12_288, chain: 0xdeadbeef },
  durableBytes: 8192,
};

function encoded(changes: Partial<SegmentHeader> = {}): Uint8Array {
  const bytes = new Uint8Array(512);
  encodeSegmentHeader(bytes, logId, { ...header, ...changes });
  return bytes;
}

/** Changes a field and makes the CRC fit again: what a faulty writer, not a faulty disk, would leave. */
function forged(change: (view: DataView) => void): Uint8Array {
  const bytes = encoded();
  change(viewOf(bytes));
  viewOf(bytes).setUint32(8, crc32c(bytes.subarray(12, segmentHeaderBytes)), true);
  return bytes;
}

const decode = (bytes: Uint8Array) => decodeSegmentHeader(bytes, logId, identity);

describe('the segment header', () => {
  test('comes back as it was written', () => {
    expect(decode(encoded())).toEqual({ ...header, crc: viewOf(encoded()).getUint32(8, true) });
  });

  property.prop([fc.nat({ max: segmentHeaderBytes * 8 - 1 })])('is not valid with any bit flipped', (bit) => {
    const bytes = encoded();
    const at = bit >> 3;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    expect(decode(bytes)).toBe('not a header');
  });

  test('of another log, segment number or epoch is not valid (I10)', () => {
    const otherLog = new Uint8Array(16).fill(8);
    expect(decodeSegmentHeader(encoded(), otherLog, identity)).toBe('not a header');
    expect(decodeSegmentHeader(encoded(), logId, identify(logId, 10, identity.epoch))).toBe('not a header');
    expect(decodeSegmentHeader(encoded(), logId, identify(logId, 9, 1))).toBe('not a header');
  });

  test.for<[string, (view: DataView) => void]>([
    ['blockBytes 0', (view) => view.setUint32(24, 0, true)],
    ['blockBytes 1000', (view) => view.setUint32(24, 1000, true)],
    ['blockBytes 131072', (view) => view.setUint32(24, 131_072, true)],
    ['segmentBytes no multiple', (view) => view.setUint32(32, 16_385, true)],
    ['three blocks', (view) => view.setUint32(32, 12_288, true)],
    ['its own predecessor', (view) => view.setUint32(96, 9, true)],
  ])('is not valid with %s, though the CRC fits', ([, change]) => {
    expect(decode(forged(change))).toBe('not a header');
  });

  test.for<[string, (view: DataView) => void]>([
    ['a later format version', (view) => view.setUint16(12, 2, true)],
    ['another length', (view) => view.setUint16(14, 512, true)],
    ['an unknown incompatible bit', (view) => view.setUint32(20, 1, true)],
    ['an unknown codec', (view) => view.setUint8(28, 5)],
    ['an unknown role', (view) => view.setUint8(29, 2)],
  ])('with %s is of a later version, not damaged', ([, change]) => {
    expect(decode(forged(change))).toBe('unsupported');
  });

  test('with unknown compatible bits and reserved bytes is read all the same', () => {
    const bytes = forged((view) => {
      view.setUint32(16, 1, true);
      view.setUint32(200, 5, true);
    });
    expect(decode(bytes)).toMatchObject({ baseLsn: header.baseLsn });
  });

  test('of zeros is no header, and told apart from damage', () => {
    expect(decode(new Uint8Array(512))).toBe('zeros');
    expect(decode(new Uint8Array(100))).toBe('not a header');
  });
});

describe('names and sizes', () => {
  property.prop([fc.integer({ min: 1, max: 10 ** 15 }), fc.integer({ min: 0, max: 2 ** 48 - 1 })])(
    'a segment name says number and epoch',
    (number, epoch) => {
      expect(parseSegmentName(segmentName(number, epoch))).toEqual({ number, epoch });
    },
  );

  test('names sort by number; others are not segments', () => {
    expect(segmentName(9, 1) < segmentName(10, 0)).toBe(true);
    for (const name of [
      'manifest',
      '0000000000-000000000000.wal',
      '1-000000000000.wal',
      '00000000001-000000000000.wal',
      '0000000001-00000000000G.wal',
      '0000000001-000000000000.wal.quarantine',
    ])
      expect(parseSegmentName(name)).toBeUndefined();
  });

  test('the seed differs with log, number and epoch', () => {
    const other = new Uint8Array(16);
    const seeds = [
      identity,
      identify(logId, 10, identity.epoch),
      identify(logId, 9, 1),
      identify(other, 9, 1),
    ];
    expect(new Set(seeds.map(({ seed }) => seed)).size).toBe(4);
  });

  test('block sizes are powers of two from 512 to 65536', () => {
    expect([512, 4096, 65_536].every(isBlockSize)).toBe(true);
    expect([0, 256, 1000, 131_072, Number.NaN].some(isBlockSize)).toBe(false);
  });
});
