import { describe, expect, it } from 'vitest';
import type { WriteOperation } from '../model/operation.ts';
import { partOf } from './space.ts';

const write = (offset: number, length: number): WriteOperation => ({
  kind: 'write',
  inode: 2,
  offset,
  data: new Uint8Array(length),
});

describe('the part of a write that is carried out', () => {
  it.each([
    ['half of its sectors', write(4096, 4096), 2048],
    ['up to the last edge of a sector in its first half', write(100, 3000), 1436],
    ['up to the first edge where its first half has none', write(300, 400), 212],
    ['a sector of a short write, where it is longer than one', write(0, 600), 512],
    ['nothing where it comes to no edge', write(0, 300), 0],
    ['nothing where it ends at the first one', write(212, 300), 0],
  ])('is %s', (_, operation, bytes) => {
    expect(partOf(operation, 0.5)).toBe(bytes);
  });

  it('is all or nothing where that is asked for', () => {
    expect(partOf(write(3, 300), 0)).toBe(0);
    expect(partOf(write(3, 300), 1)).toBe(300);
  });
});
