import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';
import { viewOf } from './format.ts';
import { decodeManifest, encodeManifest, type Manifest, ManifestFile } from './manifest.ts';
import { MemoryStorage } from './storage/memory-storage.ts';

const manifest: Manifest = {
  generation: 12,
  logId: new Uint8Array(16).fill(3),
  createdAtMs: 1_700_000_000_000,
  floor: { number: 4, lsn: 1000 },
  published: { number: 9, epoch: 0xabcdef },
  copies: 2,
  tail: { number: 8, bytes: 4096, nextLsn: 2000 },
};

async function created() {
  const storage = new MemoryStorage();
  await storage.makeDirectory('wal');
  const file = await ManifestFile.create(
    { storage, directory: 'wal' },
    { logId: manifest.logId, createdAtMs: 5 },
  );
  return { storage, file, bytes: () => storage.bytes('wal/manifest') };
}

const tail = (nextLsn: number) => ({ tail: { number: 1, bytes: 512, nextLsn } });

describe('a slot of the manifest', () => {
  test('comes back as it was written', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  property.prop([fc.nat({ max: 256 * 8 - 1 })])('is not valid with any bit flipped', (bit) => {
    const bytes = encodeManifest(manifest);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(decodeManifest(bytes)).toBeUndefined();
  });

  test('of a later version is refused, not taken for damaged', () => {
    for (const change of [
      (view: DataView) => view.setUint16(12, 2, true),
      (view: DataView) => view.setUint32(20, 1, true),
    ]) {
      const bytes = encodeManifest(manifest);
      change(viewOf(bytes));
      viewOf(bytes).setUint32(8, crc32c(bytes.subarray(12)), true);
      expect(() => decodeManifest(bytes)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    }
  });
});

describe('the manifest file', () => {
  test('alternates between its slots: either may be lost, and the other is a good manifest (I13)', async () => {
    const { storage, file, bytes } = await created();
    for (let lsn = 2; lsn < 6; lsn++) await file.update(tail(lsn));
    await file.close();
    const newest = await ManifestFile.open({ storage, directory: 'wal' });
    expect(newest?.current.tail.nextLsn).toBe(5);
    for (const [offset, expected] of [
      [0, 5],
      [16_384, 4],
    ] as const) {
      const copy = storage.snapshot();
      copy.bytes('wal/manifest').fill(0xee, offset, offset + 256);
      expect((await ManifestFile.open({ storage: copy, directory: 'wal' }))?.current.tail.nextLsn).toBe(
        expected,
      );
    }
    bytes().fill(0);
    expect(await ManifestFile.open({ storage, directory: 'wal' })).toBeUndefined();
  });

  test('a new writer overwrites the newer slot first: only the older one is known to be durable', async () => {
    const { storage, file, bytes } = await created();
    await file.update(tail(2));
    await file.update(tail(3));
    const older = bytes().slice(0, 256);
    const opened = await ManifestFile.open({ storage: storage.snapshot(), directory: 'wal' });
    expect(opened?.current.generation).toBe(3);
    const reopened = await ManifestFile.open({ storage, directory: 'wal' });
    await reopened?.update(tail(4));
    expect(bytes().slice(0, 256)).toEqual(older);
    expect(reopened?.current).toMatchObject({ generation: 5, tail: { nextLsn: 4 } });
    await reopened?.update(tail(5));
    expect(bytes().slice(0, 256)).not.toEqual(older);
    expect((await ManifestFile.open({ storage, directory: 'wal' }))?.current.tail.nextLsn).toBe(5);
  });

  test('changes made at once are carried out one after the other, and none is lost', async () => {
    const { storage, file } = await created();
    await Promise.all([
      file.update(tail(2)),
      file.update({ floor: { number: 3, lsn: 7 } }),
      file.update(tail(9)),
    ]);
    await file.close();
    expect((await ManifestFile.open({ storage, directory: 'wal' }))?.current).toMatchObject({
      generation: 4,
      floor: { number: 3, lsn: 7 },
      tail: { nextLsn: 9 },
    });
  });
});
