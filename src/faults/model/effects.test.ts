import { describe, expect, it } from 'vitest';
import { type Effect, takeApart } from './effects.ts';
import {
  allocate,
  close,
  create,
  createUnnamed,
  fsync,
  onDisk,
  program,
  rename,
  truncate,
  unlink,
  write,
} from './fixtures/programs.ts';

/** What the last operation came to. */
function lastOf(recording: Parameters<typeof takeApart>[0], unitBytes: 512 | 4096 | 16384 = 512): Effect[] {
  const { effects } = takeApart({ ...recording, device: { unitBytes } });
  return effects.filter(({ entry }) => entry === recording.trace.length - 1);
}

const brief = (effects: readonly Effect[]) => effects.map((effect) => inShort(effect));

function inShort(effect: Effect): string {
  switch (effect.kind) {
    case 'data':
      return `data ${effect.offset}+${effect.bytes.length} new from ${effect.newFrom}`;
    case 'size':
      return `size ${effect.from} to ${effect.to}${effect.grownByWrite ? ' by writing' : ''}`;
    case 'zero':
      return `zero ${effect.offset}+${effect.length}`;
    case 'link':
    case 'unlink':
      return `${effect.kind} ${effect.parent}/${effect.name} ${effect.inode}`;
    default:
      return `${effect.kind} ${effect.inode}`;
  }
}

const file = program(create(2, 'f'), write(2, 'a'.repeat(700)));

describe('an operation comes apart into', () => {
  it('a unit for each that a write touches, and the size if it grows', () => {
    expect(brief(lastOf(onDisk(file, write(2, 'b', 0))))).toEqual(['data 0+512 new from 512']);
    expect(brief(lastOf(onDisk(file, write(2, 'b'.repeat(600), 500))))).toEqual([
      'data 0+512 new from 512',
      'data 512+512 new from 188',
      'data 1024+512 new from 0',
      'size 700 to 1100 by writing',
    ]);
    expect(brief(lastOf(onDisk(file, write(2, 'b', 8192)), 16_384))).toEqual([
      'data 0+16384 new from 700',
      'size 700 to 8193 by writing',
    ]);
  });

  it('whole units, with the bytes that were there before and around', () => {
    const [first] = lastOf(onDisk(file, write(2, 'b', 1)));
    expect(first?.kind === 'data' && Buffer.from(first.bytes.subarray(0, 4)).toString()).toBe('abaa');
    const [, wide] = lastOf(onDisk(file, write(2, 'b', 5000)), 4096);
    expect(wide?.kind).toBe('size');
    const [last] = lastOf(onDisk(file, write(2, 'b', 5000)), 16_384);
    expect(last?.kind === 'data' && [last.bytes[0], last.bytes[700], last.bytes[5000]]).toEqual([97, 0, 98]);
  });

  it('what truncate and fallocate change, and nothing where they change nothing', () => {
    expect(brief(lastOf(onDisk(file, truncate(2, 10))))).toEqual(['size 700 to 10']);
    expect(lastOf(onDisk(file, truncate(2, 700)))).toEqual([]);
    expect(brief(lastOf(onDisk(file, allocate(2, 'reserve', 0, 800))))).toEqual(['size 700 to 800']);
    expect(lastOf(onDisk(file, allocate(2, 'reserve', 0, 800, true)))).toEqual([]);
    expect(brief(lastOf(onDisk(file, allocate(2, 'zero', 600, 200))))).toEqual([
      'zero 600+200',
      'size 700 to 800',
    ]);
    expect(brief(lastOf(onDisk(file, allocate(2, 'punch', 0, 100, true))))).toEqual(['zero 0+100']);
  });

  it('names', () => {
    expect(brief(lastOf(program(create(2, 'f'))))).toEqual(['inode 2', 'link 1/f 2']);
    expect(brief(lastOf(program(createUnnamed(2))))).toEqual(['inode 2']);
    expect(brief(lastOf(onDisk(file, unlink(2, 'f'))))).toEqual(['unlink 1/f 2']);
    expect(brief(lastOf(onDisk(file, rename(2, 'f', 'g'))))).toEqual(['unlink 1/f 2', 'link 1/g 2']);
    const two = onDisk(file, create(3, 'g'), rename(2, 'f', 'g', { replaced: 3, exchange: true }));
    expect(brief(lastOf(two))).toEqual(['link 1/f 3', 'link 1/g 2']);
  });

  it('nothing for barriers and closes', () => {
    expect(lastOf(onDisk(file, fsync(2)))).toEqual([]);
    expect(lastOf(onDisk(file, close(2)))).toEqual([]);
  });

  it('effects that are numbered in program order over the whole trace', () => {
    const { effects, effectsBefore } = takeApart(program(create(2, 'f'), fsync(2), write(2, 'x')));
    expect(effects.map(({ id, entry }) => [id, entry])).toEqual([
      [0, 0],
      [1, 0],
      [2, 2],
      [3, 2],
    ]);
    expect(effectsBefore).toEqual([0, 2, 2, 4]);
  });

  it('nothing at all if the recording is damaged', () => {
    expect(() => takeApart(program(write(2, 'x')))).toThrow(
      'the recording is damaged: inode 2 is not a file',
    );
  });
});
