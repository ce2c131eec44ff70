import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from './lines.ts';

describe('LineSplitter', () => {
  test('gives the same lines however the bytes are cut into chunks, inside characters too', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\n'));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(40)), line, (lines, cuts, rest) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join('') + rest);
        const splitter = new LineSplitter(10_000);
        const found: string[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          found.push(...(splitter.feed(bytes.subarray(at, at + cut)) ?? ['overflow']));
          at = Math.min(bytes.length, at + cut);
        }
        expect(found).toEqual(lines);
        expect(splitter.rest()).toBe(rest);
      }),
    );
  });

  test('gives up on a line that is longer than allowed, and not on many short ones', () => {
    const splitter = new LineSplitter(10);
    expect(splitter.feed(Buffer.from('a\n'.repeat(100)))).toHaveLength(100);
    expect(splitter.feed(Buffer.from('0123456789'))).toEqual([]);
    expect(splitter.feed(Buffer.from('0'))).toBeUndefined();
  });
});
