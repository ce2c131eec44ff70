import { expect, test } from 'vitest';
import { alignmentBytes, allocateAligned, isAligned, StagingBuffer } from './aligned-memory.ts';

test('allocations are aligned, zero, and their own', () => {
  const sizes = [1, 4096, 5000, 100, 3_000_000, 65_536, 5_000_000];
  const allocated = sizes.map((bytes, index) => {
    const memory = allocateAligned(bytes);
    expect(memory.every((byte) => byte === 0)).toBe(true);
    return memory.fill(index + 1);
  });
  for (const [index, memory] of allocated.entries()) {
    expect(memory.length).toBe(sizes[index]);
    expect(isAligned(memory, alignmentBytes)).toBe(true);
    expect(memory.every((byte) => byte === index + 1)).toBe(true);
  }
});

test('what was allocated elsewhere, or begins within a block, is not aligned', () => {
  expect(isAligned(new Uint8Array(8192), 512)).toBe(false);
  expect(isAligned(allocateAligned(8192).subarray(1), 512)).toBe(false);
  expect(isAligned(allocateAligned(8192).subarray(512), 512)).toBe(true);
  expect(isAligned(allocateAligned(8192).subarray(512), 4096)).toBe(false);
});

test('a staging buffer keeps what it has while that is enough', () => {
  const staging = new StagingBuffer();
  const first = staging.take(5000);
  expect(staging.take(100).buffer).toBe(first.buffer);
  expect(staging.take(100).byteOffset).toBe(first.byteOffset);
  expect(staging.take(50_000)).toHaveLength(50_000);
});

test('many large allocations that nobody keeps do not use up the address space', () => {
  let sum = 0;
  for (let index = 0; index < 300; index++) sum += allocateAligned(3_000_000).length;
  expect(sum).toBe(900_000_000);
});
