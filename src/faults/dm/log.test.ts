import { describe, expect, it } from 'vitest';
import { type LogEntry, parseLog } from './log.ts';

const sectorBytes = 512;
const bits = { flush: 1, fua: 2, discard: 4, mark: 8, metadata: 16 } as const;

function header(entries: number, { magic = 0x6a736677736872n, version = 1n } = {}): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.writeBigUInt64LE(magic, 0);
  bytes.writeBigUInt64LE(version, 8);
  bytes.writeBigUInt64LE(BigInt(entries), 16);
  bytes.writeUInt32LE(sectorBytes, 24);
  return bytes;
}

function entry(
  sector: number,
  data: Buffer,
  flags: readonly (keyof typeof bits)[] = [],
  sectors = data.length / sectorBytes,
): Buffer {
  const head = Buffer.alloc(sectorBytes);
  head.writeBigUInt64LE(BigInt(sector), 0);
  head.writeBigUInt64LE(BigInt(sectors), 8);
  head.writeBigUInt64LE(BigInt(flags.reduce((sum, flag) => sum + bits[flag], 0)), 16);
  return Buffer.concat([head, data]);
}

function mark(text: string): Buffer {
  const bytes = entry(0, Buffer.alloc(0), ['mark']);
  bytes.writeBigUInt64LE(BigInt(text.length), 24);
  bytes.write(text, 32);
  return bytes;
}

function parse(...parts: readonly Buffer[]): LogEntry[] {
  const bytes = Buffer.concat(parts);
  return parseLog((offset, length) => bytes.subarray(offset, offset + length));
}

const none = Buffer.alloc(0);
const data = Buffer.alloc(2 * sectorBytes, 'ab');
const end = mark('dm-log-writes-end');

describe('parseLog', () => {
  it('reads writes, flushes, discards and marks, in their order', () => {
    const entries = parse(
      header(6),
      entry(8, data, ['metadata']),
      entry(0, none, ['flush']),
      entry(16, none, ['discard'], 4),
      mark('7'),
      entry(3, data.subarray(0, sectorBytes), ['flush', 'fua']),
      end,
    );
    expect(
      entries.map(({ offset, length, data: { length: written }, flags, mark }) => [
        offset,
        length,
        written,
        [...flags],
        mark,
      ]),
    ).toEqual([
      [4096, 1024, 1024, ['metadata'], ''],
      [0, 0, 0, ['flush'], ''],
      [8192, 2048, 0, ['discard'], ''],
      [0, 0, 0, ['mark'], '7'],
      [1536, 512, 512, ['flush', 'fua'], ''],
    ]);
    expect(Buffer.from(entries[0]?.data ?? [])).toEqual(data);
  });

  it('reads no further than the header says', () => {
    expect(parse(header(1), end, entry(8, data))).toEqual([]);
  });

  it('rejects a log that ran out of space, is cut off, or is something else', () => {
    expect(() => parse(header(1), entry(8, data))).toThrow('its device was full');
    expect(() => parse(header(0))).toThrow('its device was full');
    expect(() => parse(header(2), entry(8, data).subarray(0, 600), none)).toThrow(
      'is cut off: 1024 bytes expected at 1024',
    );
    expect(() => parse(header(1, { magic: 1n }), end)).toThrow('this is no log of dm-log-writes');
    expect(() => parse(header(1, { version: 2n }), end)).toThrow('this is no log of dm-log-writes');
    expect(() => parse(none)).toThrow('is cut off');
  });
});
