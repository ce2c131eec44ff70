import { describe, expect, it } from 'vitest';
import { renderBytes, renderKey, renderMutation } from './render.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

describe('bytes', () => {
  it('are text where they are printable', () => {
    expect(renderBytes(bytes('record 7'))).toBe('"record 7"');
    expect(renderBytes(bytes('x'))).toBe('"x"');
    expect(renderBytes(bytes('x'.repeat(64)))).toBe(`"${'x'.repeat(64)}"`);
    expect(renderBytes(bytes('x'.repeat(65)))).toBe(`"${'x'.repeat(64)}…"`);
  });

  it('are text up to the first that is not printable', () => {
    expect(renderBytes(bytes('record 7 \0\x01\xff'))).toBe('"record 7 …"');
  });

  it('are hex where they begin with something else, cut at 64 digits', () => {
    expect(renderBytes(bytes('\0\x01\xff'))).toBe('0x0001ff');
    expect(renderBytes(bytes('ab\0'))).toBe('0x616200');
    expect(renderBytes(new Uint8Array(33))).toBe(`0x${'00'.repeat(32)}…`);
  });

  it('are nothing where there are none', () => {
    expect(renderBytes(bytes(''))).toBe('nothing');
  });
});

it('a key is bare where it needs no quotes', () => {
  expect(renderKey(bytes('key-1'))).toBe('key-1');
  expect(renderKey(bytes('a key'))).toBe('"a key"');
  expect(renderKey(bytes('\0'))).toBe('0x00');
});

it('a mutation is one line', () => {
  const data = bytes('record 7 \0\0');
  const key = bytes('key-1');
  expect(
    [
      renderMutation({ op: 'append', data }),
      renderMutation({ op: 'appendDurable', data: bytes('x') }),
      renderMutation({ op: 'appendBatch', data: [data, data], durable: true }),
      renderMutation({ op: 'appendBatch', data: [data, data, data, data, data], durable: false }),
      renderMutation({ op: 'sync' }),
      renderMutation({ op: 'put', key, value: data, durable: true }),
      renderMutation({ op: 'put', key, value: bytes(''), durable: false }),
      renderMutation({ op: 'delete', key, durable: false }),
      renderMutation({ op: 'truncateBefore', position: '17' }),
    ].join('\n'),
  ).toMatchInlineSnapshot(`
    "append 11 bytes "record 7 …"
    appendDurable 1 byte "x"
    appendBatch [11 bytes "record 7 …", 11 bytes "record 7 …"], durable
    appendBatch [11 bytes "record 7 …", 11 bytes "record 7 …", 11 bytes "record 7 …", 2 more]
    sync
    put key-1 = 11 bytes "record 7 …", durable
    put key-1 = 0 bytes nothing
    delete key-1
    truncateBefore 17"
  `);
});
