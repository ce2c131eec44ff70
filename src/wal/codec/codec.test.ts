import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../crc32c.ts';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import {
  batchHeaderBytes,
  type CodecName,
  identify,
  parseSegmentName,
  recordHeaderBytes,
  viewOf,
} from '../format.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { loadCodec, packBody, unpackBody } from './codec.ts';
import { zstandard } from './zlib.ts';

const hasZstandard = await loadCodec('zstd').then(
  () => true,
  () => false,
);
const codecs: CodecName[] = ['lz4', 'snappy', 'zlib', ...(hasZstandard ? (['zstd'] as const) : [])];
const long = 'all work and no play '.repeat(400);

describe.for(codecs)('codec %s', (name) => {
  property.prop([fc.uint8Array({ maxLength: 2000 }), fc.nat({ max: 50 })])(
    'gives a body back, and stores it raw where it would get longer',
    async (seed, repeats) => {
      const body = Buffer.concat(Array.from({ length: repeats + 1 }, () => Buffer.from(seed)));
      const stored = packBody(await loadCodec(name), body);
      expect(stored.length).toBeLessThanOrEqual(body.length);
      if (stored !== body) expect(await unpackBody(name, stored, body.length)).toEqual(body);
      else expect(packBody(undefined, body)).toBe(body);
    },
  );

  property.prop([fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 5000 })])(
    'never makes more of hostile bytes than it was told to, and does not throw',
    async (hostile, rawBytes) => {
      const body = await unpackBody(name, hostile, rawBytes);
      if (body !== undefined) expect(body.length).toBe(rawBytes);
    },
  );

  test('does not take a body of another length than the header says, nor one that claims to be huge', async () => {
    const body = encode(long);
    const stored = packBody(await loadCodec(name), body);
    expect(stored.length).toBeLessThan(body.length / 4);
    for (const rawBytes of [0, 1, body.length - 1, body.length + 1])
      expect(await unpackBody(name, stored, rawBytes)).toBeUndefined();
    const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0);
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    expect(await unpackBody(name, huge, 100)).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().external - before).toBeLessThan(
      2 ** 26,
    );
  });

  test('takes less room in the log, and the log opens without the option (I11)', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 32 * 512, codec: name });
    await appendAll(wal, [long, 'r2', long]);
    expect(wal.stats().segments).toBe(1);
    const killed = storage.snapshot();
    await wal.close();
    for (const left of [storage, killed]) {
      const again = await openLog(left, {}, 50);
      expect(await readTexts(again)).toEqual([long, 'r2', long]);
      expect(await again.verify()).toEqual([]);
      await appendAll(again, ['r4']);
      expect((await segmentNames(left)).length).toBeGreaterThan(1);
      await again.close();
      const third = await openLog(left, { codec: name }, 90);
      expect(await readTexts(third, 3)).toEqual([long, 'r4']);
      await third.close();
    }
  });

  test('damage within a compressed body is found', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 32 * 512, codec: name });
    await appendAll(wal, [long, 'r2']);
    const bytes = storage.bytes((await segmentNames(storage))[0] ?? '');
    bytes[512 + 100] = (bytes[512 + 100] ?? 0) ^ 1;
    await expect(readTexts(wal)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await wal.verify()).toEqual([expect.stringContaining('damaged body')]);
    await wal.close();
  });
});

test('unsure batches are moved whichever codec they had and the new segment has', async () => {
  let storage = new MemoryStorage();
  const codecsInTurn: CodecName[] = ['lz4', 'none', 'snappy', 'zlib', 'lz4'];
  for (const [index, codec] of codecsInTurn.entries()) {
    const wal = await openLog(storage, { segmentBytes: 64 * 512, codec }, 10 * index + 1);
    if (index > 0) expect(wal.recovery.movedRecords).toBe(1);
    await appendAll(wal, [`${index} ${long}`]);
    storage = storage.snapshot();
  }
  const last = await openLog(storage, {}, 90);
  expect((await readTexts(last)).map((text) => text[0])).toEqual(['0', '1', '2', '3', '4']);
  await last.close();
});

test('batches keep their limit in raw bytes', async () => {
  const wal = await openLog(new MemoryStorage(), { batchBytesMax: 1024, codec: 'lz4' });
  await expect(wal.append(new Uint8Array(2000))).rejects.toMatchObject({ code: 'too-large' });
  await wal.appendDurable(new Uint8Array(1012));
  await wal.close();
});

test('zstd says what it needs where Node does not have it', () => {
  expect(() => zstandard({})).toThrow(expect.objectContaining({ code: 'unsupported' }));
  expect(() => zstandard({})).toThrow(/Node 22\.15/);
});

describe('content hashes', () => {
  test('are kept, checked by verify and, with the option, by every reader', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, { segmentBytes: 32 * 512, contentHash: true });
    await appendAll(wal, texts(2));
    await wal.put('key', encode('value'));
    await wal.sync();
    expect(await readTexts(wal)).toEqual(['r1', 'r2', 'value']);
    expect(await wal.verify()).toEqual([]);
    await wal.close();
    const plain = await openLog(storage, { segmentBytes: 32 * 512 }, 50);
    expect(await readTexts(plain)).toEqual(['r1', 'r2', 'value']);
    await plain.close();
  });

  test('tell a record that was changed with all its checksums', async () => {
    const storage = new MemoryStorage();
    const honest = await openLog(storage, { segmentBytes: 32 * 512, contentHash: true });
    await appendAll(honest, ['r1']);
    await honest.close();
    await forgeFirstRecord(storage);
    const plain = await openLog(storage, { segmentBytes: 32 * 512 }, 50);
    expect(await readTexts(plain)).toEqual(['x1']);
    expect(await plain.verify()).toEqual([expect.stringContaining('a record is damaged')]);
    await plain.close();
    const checked = await openLog(storage, { segmentBytes: 32 * 512, contentHash: true }, 90);
    await expect(readTexts(checked)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('content hash'),
    });
    await checked.close();
  });
});

/** Makes `r1` an `x1`, and the CRCs of record, body and batch fit; the clean end, which continues the batch, likewise. */
async function forgeFirstRecord(storage: MemoryStorage): Promise<void> {
  const [path = ''] = await segmentNames(storage);
  const { number = 0, epoch = 0 } = parseSegmentName(path.slice('wal/'.length)) ?? {};
  const identity = identify(new Uint8Array(16).fill(1), number, epoch);
  const bytes = storage.bytes(path);
  const view = viewOf(bytes);
  const body = bytes.subarray(
    512 + batchHeaderBytes,
    512 + batchHeaderBytes + view.getUint32(512 + 56, true),
  );
  body[recordHeaderBytes] = 'x'.charCodeAt(0);
  viewOf(body).setUint32(0, crc32c(body.subarray(4)), true);
  view.setUint32(512 + 64, crc32c(body), true);
  for (const at of [512, 1024]) {
    if (at === 1024) view.setUint32(at + 68, view.getUint32(512 + 4, true), true);
    view.setUint32(at + 4, crc32c(bytes.subarray(at + 8, at + batchHeaderBytes), identity.seed), true);
  }
}
