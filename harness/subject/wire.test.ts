import { describe, expect, test } from 'vitest';
import type { SubjectRequest } from './subject.ts';
import { decodeAnswer, decodeLine, encodeRequest } from './wire.ts';

const bytes = Buffer.from([0, 1, 255]);

describe('encodeRequest', () => {
  test.each([
    [
      { op: 'hello', protocol: 1 },
      { op: 'hello', protocol: 1 },
    ],
    [
      { op: 'open', options: { a: 1 } },
      { op: 'open', options: { a: 1 } },
    ],
    [
      { op: 'append', data: bytes },
      { op: 'append', data: 'AAH/' },
    ],
    [
      { op: 'appendBatch', data: [bytes, new Uint8Array(0)], durable: true },
      { op: 'appendBatch', data: ['AAH/', ''], durable: true },
    ],
    [
      { op: 'put', key: bytes, value: bytes, durable: false },
      { op: 'put', key: 'AAH/', value: 'AAH/', durable: false },
    ],
    [
      { op: 'delete', key: bytes, durable: true },
      { op: 'delete', key: 'AAH/', durable: true },
    ],
    [
      { op: 'get', key: bytes },
      { op: 'get', key: 'AAH/' },
    ],
    [
      { op: 'truncateBefore', position: '7' },
      { op: 'truncateBefore', position: '7' },
    ],
    [{ op: 'scan' }, { op: 'scan' }],
  ] as [SubjectRequest, object][])('%j is one line', (request, fields) => {
    const line = encodeRequest('q1', request);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({ id: 'q1', ...fields });
  });

  test('encodes the bytes of a view, not of the buffer below it', () => {
    const data = new Uint8Array([9, 9, 0, 1, 255, 9]).subarray(2, 5);
    expect(JSON.parse(encodeRequest('q1', { op: 'append', data })).data).toBe('AAH/');
  });
});

describe('decodeLine', () => {
  test.each([
    ['hello', 'one JSON object'],
    ['[1]', 'one JSON object'],
    ['', 'one JSON object'],
    ['{"ok":true}', '"id"'],
    ['{"id":7,"ok":true}', '"id", a string'],
    ['{"id":"1"}', '"ok"'],
    ['{"id":"1","ok":"yes"}', '"ok"'],
    ['{"id":"1","ok":false}', '"error"'],
    ['{"id":"1","ok":false,"error":{"code":"oops","message":""}}', 'one of corrupt'],
    ['{"id":"1","ok":false,"error":{"code":"io"}}', '"message"'],
    ['{"id":"1","item":{"data":7}}', 'item.data'],
    ['{"id":"1","item":{"data":"AA"}}', 'base64'],
    ['{"id":"1","item":{"data":"A*A="}}', 'base64'],
    ['{"id":"1","item":{"data":"","position":7}}', 'item.position'],
  ])('%s: says that it expected %s', (line, expected) => {
    expect(() => decodeLine(line)).toThrow(expected);
  });

  test('takes items, answers and refusals', () => {
    expect(decodeLine('{"id":"1","item":{"position":"4","data":"AAH/"}}')).toEqual({
      kind: 'item',
      id: '1',
      item: { position: '4', data: bytes },
      bytes: 48,
    });
    expect(decodeLine('{"id":"1","ok":false,"error":{"code":"io","message":"m"}}')).toEqual({
      kind: 'refusal',
      id: '1',
      error: { code: 'io', message: 'm' },
    });
    expect(decodeLine('{"id":"1","ok":true,"more":1}').kind).toBe('answer');
  });
});

describe('decodeAnswer', () => {
  test.each([
    [{ op: 'hello', protocol: 1 }, { model: 'tree', name: 'n', version: '1', features: [] }, '"model"'],
    [{ op: 'hello', protocol: 1 }, { model: 'kv', name: 'n', version: '1' }, '"features"'],
    [{ op: 'hello', protocol: 1 }, { model: 'kv', name: 'n', version: 1, features: [] }, '"version"'],
    [{ op: 'open', options: {} }, { recovered: 'all' }, '"recovered"'],
    [{ op: 'append', data: bytes }, {}, '"position"'],
    [{ op: 'appendBatch', data: [bytes, bytes], durable: true }, { positions: ['1'] }, 'an array of 2'],
    [{ op: 'get', key: bytes }, {}, '"value"'],
    [{ op: 'scan' }, { count: 1 }, '"count": 0'],
  ] as [SubjectRequest, Record<string, unknown>, string][])(
    '%j answered %j: says that it expected %s',
    (request, fields, expected) => {
      expect(() => decodeAnswer(request, fields, [])).toThrow(expected);
    },
  );

  test('takes what the protocol allows', () => {
    expect(decodeAnswer({ op: 'open', options: {} }, {}, [])).toEqual({ ok: true });
    expect(decodeAnswer({ op: 'get', key: bytes }, { value: null }, [])).toEqual({ ok: true, value: null });
    expect(decodeAnswer({ op: 'get', key: bytes }, { value: '' }, []).value).toHaveLength(0);
    expect(decodeAnswer({ op: 'append', data: bytes }, { position: '8' }, [])).toEqual({
      ok: true,
      positions: ['8'],
    });
  });
});
