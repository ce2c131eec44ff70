import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { crc32c, crc32cNative, crc32cTable } from './crc32c.ts';

test('the check values of RFC 3720', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32cTable(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32cTable(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32cTable(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32cTable(new Uint8Array(0), 77)).toBe(77);
});

const bytes = fc.uint8Array({ maxLength: 300 });

property.prop([bytes, fc.nat({ max: 20 }), fc.nat({ max: 2 ** 31 - 1 })])(
  'the table and the native build agree, at any alignment and seed',
  (all, offset, seed) => {
    const part = all.subarray(Math.min(offset, all.length));
    expect(crc32cNative).toBeDefined();
    expect(crc32cTable(part, seed)).toBe(crc32cNative?.(part, seed));
  },
);

property.prop([bytes, bytes])('a seed stands for the bytes before', (left, right) => {
  const both = Buffer.concat([left, right]);
  expect(crc32c(right, crc32c(left))).toBe(crc32c(both));
});
