import { describe, expect, it } from 'vitest';
import { barrierNames, patternOf } from './barriers.ts';
import {
  close,
  create,
  fdatasync,
  fsync,
  fsyncdir,
  mkdir,
  program,
  rename,
  write,
} from './fixtures/programs.ts';
import type { Recording } from './recording.ts';

const acknowledgement = { kind: 'acknowledgement', text: '0' } as const;
const kill = { kind: 'process-crash' } as const;

function names(recording: Recording): string[] {
  return [...barrierNames(recording).values()];
}

describe('the name of a barrier', () => {
  it('is what it syncs, and what the program does next; closing a file is no step', () => {
    const recording = program(
      create(2, 'new'),
      write(2, 'x'),
      fsync(2),
      close(2),
      rename(2, 'new', 'log'),
      fsyncdir(),
      write(2, 'y'),
      fdatasync(2),
    );
    expect(names(recording)).toEqual([
      'fsync new before rename new',
      'fsync / before write log',
      'fdatasync log at the end',
    ]);
  });

  it('is the same for files whose names differ in a number', () => {
    const recording = program(
      mkdir(2, 'wal'),
      create(3, '0001-a7.wal', 2),
      write(3, 'x'),
      fdatasync(3),
      write(3, 'x'),
      create(4, '0002-b8.wal', 2),
      fdatasync(4),
      write(4, 'x'),
    );
    expect(names(recording)).toEqual(Array(2).fill('fdatasync wal/*.wal before write wal/*.wal'));
  });

  it('tells a barrier before a promise from others, and recovery from work', () => {
    const { base, trace } = program(create(2, 'log'), fsync(2), fsync(2), fsync(2));
    const [made, ...syncs] = trace;
    const [first, second, third] = syncs;
    if (!made || !first || !second || !third) throw new Error('the program has four operations');
    const recording = {
      base,
      trace: [made, first, acknowledgement, kill, second, acknowledgement, third, acknowledgement],
    };
    expect(names(recording)).toEqual([
      'fsync log before acknowledgement',
      'fsync log before acknowledgement in recovery',
      'fsync log before acknowledgement',
    ]);
  });
});

describe('patternOf', () => {
  it.each([
    ['wal/0000000001-87fa05275978.wal', 'wal/*.wal'],
    ['kv.sqlite-wal', 'kv.sqlite-wal'],
    ['objects/4f/tmp_obj_x7Qz', 'objects/*/tmp_obj_*'],
    ['objects/4f/tmp_obj_KpuiEB', 'objects/*/tmp_obj_*'],
    ['journal/Commit', 'journal/Commit'],
    ['seg12', '*'],
    ['', ''],
  ])('%s is %s', (path, pattern) => {
    expect(patternOf(path)).toBe(pattern);
  });
});
