import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { WalEntry } from './entry.ts';
import { encode, openLog } from './fixtures/log.ts';
import { recordHeaderBytes, viewOf } from './format.ts';
import { draftBytes, encodeRecord, holdsRecords, type RecordDraft, recordAt, recordEnd } from './record.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import type { Wal } from './wal.ts';

async function shownBy(wal: Wal) {
  const shown = [];
  for await (const record of wal.iterate()) {
    const { lsn, type, key, timeMs } = record;
    shown.push({ lsn, type, key: key && Buffer.from(key).toString(), timeMs, value: wal.decode(record) });
  }
  return shown;
}

const point = {
  encode: (value: unknown) => encode(JSON.stringify(value)),
  decode: (data: Uint8Array) => ({ decoded: JSON.parse(Buffer.from(data).toString()) }),
};

describe('typed records', () => {
  test('of every kind come back, from one atomic batch', async () => {
    const storage = new MemoryStorage();
    const options = { segmentBytes: 65_536, types: { 200: point }, now: () => 7000 };
    const wal = await openLog(storage, options);
    const entries: WalEntry[] = [
      encode('plain'),
      { put: 'key', value: encode('value') },
      { delete: encode('other') },
      { json: { a: [1, null] } },
      { type: 200, value: 5 },
      { type: 201, data: encode('mine') },
      { put: '', value: new Uint8Array(0) },
    ];
    expect(await wal.appendBatch(entries, { type: 128 })).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await wal.sync();
    const expected = [
      { lsn: 1, type: 128, value: new Uint8Array(encode('plain')) },
      { lsn: 2, type: 2, key: 'key', timeMs: 7000, value: new Uint8Array(encode('value')) },
      { lsn: 3, type: 3, key: 'other', timeMs: 7000, value: undefined },
      { lsn: 4, type: 4, value: { a: [1, null] } },
      { lsn: 5, type: 200, value: { decoded: 5 } },
      { lsn: 6, type: 201, value: new Uint8Array(encode('mine')) },
      { lsn: 7, type: 2, key: '', timeMs: 7000, value: new Uint8Array(0) },
    ];
    expect(await shownBy(wal)).toEqual(expected);
    expect(wal.stats().commits).toBe(1);
    await wal.close();
    const again = await openLog(storage, options, 50);
    expect(await shownBy(again)).toEqual(expected);
    await again.close();
  });

  test('have a call each', async () => {
    const wal = await openLog(new MemoryStorage(), { types: { 255: point } });
    expect(await wal.put('k', encode('v'))).toBe(1);
    expect(await wal.delete('k')).toBe(2);
    expect(await wal.appendJson('text')).toBe(3);
    expect(await wal.appendValue(255, [])).toBe(4);
    await wal.sync();
    expect((await shownBy(wal)).map(({ type }) => type)).toEqual([2, 3, 4, 255]);
    await wal.close();
  });

  test('are checked, and a refused batch takes no LSN', async () => {
    const wal = await openLog(new MemoryStorage(), { batchBytesMax: 2 ** 21 });
    const invalid: unknown[] = [
      null,
      5,
      {},
      { put: 'k' },
      { put: 5, value: encode('v') },
      { delete: undefined },
      { json: undefined },
      { type: 200, value: 5 },
      { type: 2, data: encode('x') },
      { type: 127, data: encode('x') },
    ];
    for (const entry of invalid)
      await expect(wal.appendBatch([encode('fine'), entry as WalEntry])).rejects.toMatchObject({
        code: 'invalid',
      });
    const key = new Uint8Array(2 ** 20 + 1);
    await expect(wal.put(key, encode('v'))).rejects.toMatchObject({ code: 'too-large' });
    expect(await wal.put(key.subarray(1), encode('v'))).toBe(1);
    await wal.close();
  });

  test('of a type outside 128 to 255 cannot have a codec', async () => {
    for (const type of [4, 127, 256])
      await expect(openLog(new MemoryStorage(), { types: { [type]: point } })).rejects.toMatchObject({
        code: 'invalid',
      });
  });
});

describe('a record', () => {
  const draft: fc.Arbitrary<RecordDraft> = fc
    .record({
      kind: fc.constantFrom('bytes', 'put', 'delete'),
      value: fc.uint8Array({ maxLength: 40 }),
      key: fc.uint8Array({ maxLength: 20 }),
      timeMs: fc.nat(),
      part: fc.option(fc.record({ from: fc.option(fc.nat(), { nil: undefined }), isLast: fc.boolean() }), {
        nil: undefined,
      }),
    })
    .map(({ kind, value, key, timeMs, part }) => {
      if (kind === 'bytes') return { ...draftBytes(value, 200), part };
      if (kind === 'put') return { type: 2, value, key, timeMs, part };
      return { type: 3, value: new Uint8Array(0), key, timeMs, part: undefined };
    });
  const hash = (bytes: Uint8Array) => new Uint8Array(32).fill(bytes.length);

  function encoded(given: RecordDraft, isHashed: boolean): Uint8Array {
    const target = new Uint8Array(200);
    return target.subarray(0, encodeRecord(target, viewOf(target), 0, given, 9, isHashed ? hash : undefined));
  }

  property.prop([draft, fc.boolean()])('of any kind comes back', (given, isHashed) => {
    const body = encoded(given, isHashed);
    expect(holdsRecords(body, 1)).toBe(true);
    expect(recordEnd(viewOf(body), 0)).toBe(body.length);
    const { type, value, key, timeMs, part } = given;
    expect(recordAt(body, viewOf(body), 0, 9)).toEqual({
      lsn: 9,
      type,
      data: value,
      key,
      timeMs: key && timeMs,
      streamFrom: part && (part.from ?? 9),
    });
  });

  property.prop([draft, fc.boolean(), fc.nat({ max: 3 }), fc.integer({ min: 0, max: 255 })])(
    'with any type and flags is refused, or read within its bounds',
    (given, isHashed, field, byte) => {
      const body = encoded(given, isHashed).slice();
      body[8 + field] = byte;
      if (!holdsRecords(body, 1)) return;
      const { data, key } = recordAt(body, viewOf(body), 0, 9);
      expect(recordHeaderBytes + data.length + (key?.length ?? 0)).toBeLessThanOrEqual(body.length);
    },
  );

  test.for<[string, number, number]>([
    ['a put without a key', 2, 0],
    ['a delete without a key', 3, 0],
    ['bytes with a key', 1, 2],
    ['a last part that is no part', 1, 8],
    ['an unknown flag', 1, 16],
    ['no type', 0, 0],
  ])('that is %s is not valid', ([, type, flags]) => {
    const body = encoded(draftBytes(new Uint8Array(60)), false).slice();
    expect(holdsRecords(body, 1)).toBe(true);
    body[8] = type;
    body[9] = flags;
    expect(holdsRecords(body, 1)).toBe(false);
  });

  test('with a key longer than it, or a delete with a value, is not valid', () => {
    const put = encoded({ type: 2, value: encode('v'), key: encode('k'), timeMs: 0, part: undefined }, false);
    const keyBytesAt = recordHeaderBytes + 8;
    for (const [keyBytes, type, isValid] of [
      [1, 2, true],
      [2, 2, true],
      [3, 2, false],
      [0xffffffff, 2, false],
      [1, 3, false],
      [2, 3, true],
    ] as const) {
      const body = put.slice();
      viewOf(body).setUint32(keyBytesAt, keyBytes, true);
      body[8] = type;
      expect(holdsRecords(body, 1)).toBe(isValid);
    }
  });
});
