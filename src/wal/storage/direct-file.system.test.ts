import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Storage } from '../storage.ts';
import { allocateAligned } from './aligned-memory.ts';
import { openBackend } from './backend.ts';
import type { BackendName } from './backend-name.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercut-wal-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function filled(storage: Storage, path: string, bytes: number) {
  const made = await storage.open(path, 'create');
  await made.write([new Uint8Array(bytes)], 0);
  await made.sync();
  await made.close();
  return storage.open(path, 'write');
}

/** How often the file is open: a second descriptor is the one with O_DIRECT. */
function openCount(name: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).endsWith(`/${name}`);
    } catch {
      return false;
    }
  }).length;
}

const block = (fill: number) => allocateAligned(4096).fill(fill);

describe('a direct file', () => {
  test('takes O_DIRECT for whole blocks alone, and not behind a plain write without a barrier', async () => {
    const { storage, directory } = await openBackend(root, 'direct');
    const file = await filled(storage, `${directory}/a`, 65_536);
    await file.writeDurably([new Uint8Array(256)], 0);
    expect(openCount('a')).toBe(1);
    await file.write([block(1)], 4096);
    await file.writeDurably([block(2)], 8192);
    expect(openCount('a')).toBe(1);
    await file.writeDurably([block(3)], 12_288);
    expect(openCount('a')).toBe(2);
    await file.close();
    expect(openCount('a')).toBe(0);
  });
});

describe.each<BackendName>(['buffered', 'direct', 'uring'])('%s', (backend) => {
  test('all ways of writing and reading see the same bytes', async () => {
    const { storage, directory } = await openBackend(root, backend);
    const file = await filled(storage, `${directory}/a`, 32_768);
    const expected = new Uint8Array(32_768);
    const write = async (bytes: Uint8Array[], position: number, isDurable: boolean) => {
      await (isDurable ? file.writeDurably(bytes, position) : file.write(bytes, position));
      expected.set(Buffer.concat(bytes), position);
    };
    await write([block(1)], 4096, true);
    await write([new Uint8Array(100).fill(2)], 5000, false);
    await write([block(3), new Uint8Array(4096).fill(4)], 8192, true);
    await write([new Uint8Array(8192).fill(5)], 16_384, true);
    await write([new Uint8Array(256).fill(6)], 16_500, true);
    await write([block(7)], 28_672, false);
    for (const [position, length] of [
      [0, 32_768],
      [4990, 120],
      [16_383, 2],
      [28_000, 9000],
    ] as const) {
      const there = expected.subarray(position, position + length);
      for (const read of ['read', 'readBack'] as const) {
        const buffer = new Uint8Array(length);
        expect(await file[read](buffer, position)).toBe(there.length);
        expect(Buffer.compare(buffer.subarray(0, there.length), there)).toBe(0);
      }
    }
    await file.close();
  });

  test('reading back ends at the end of a file that is not whole blocks', async () => {
    const { storage, directory } = await openBackend(root, backend);
    const file = await filled(storage, `${directory}/a`, 4096);
    await file.writeDurably([new Uint8Array([1, 2, 3])], 5000);
    const buffer = new Uint8Array(100);
    expect(await file.readBack(buffer, 4999)).toBe(4);
    expect([...buffer.subarray(0, 5)]).toEqual([0, 1, 2, 3, 0]);
    expect(await file.readBack(buffer, 6000)).toBe(0);
    await file.close();
  });
});
