import { describe, expect, it } from 'vitest';
import { create, fsync, program, rename, write } from '../src/faults/model/fixtures/programs.ts';
import type { Recording, TraceEntry } from '../src/faults/model/recording.ts';
import { shapeOf } from './run-shape.ts';

const acknowledgement: TraceEntry = { kind: 'acknowledgement', text: '0' };
const promised = ({ base, trace }: Recording, at: number): Recording => ({
  base,
  trace: trace.toSpliced(at, 0, acknowledgement),
});
const recording = program(create(2, 'f'), write(2, 'abc'), fsync(2), rename(2, 'f', 'g'));

describe('the shape of a run', () => {
  it('is the same for other bytes and other names', () => {
    const other = program(create(2, 'x1'), write(2, 'xyz'), fsync(2), rename(2, 'x1', 'x2'));
    expect(shapeOf(other, 4)).toBe(shapeOf(recording, 4));
  });

  it('is another one where a barrier is missing, a write longer, or a promise earlier', () => {
    const others = [
      program(create(2, 'f'), write(2, 'abc'), rename(2, 'f', 'g')),
      program(create(2, 'f'), write(2, 'abcd'), fsync(2), rename(2, 'f', 'g')),
      promised(recording, 2),
      promised(recording, 3),
    ];
    const shapes = [recording, ...others].map((one) => shapeOf(one, 4));
    expect(new Set(shapes).size).toBe(5);
  });

  it('is blind for what came after the crash', () => {
    expect(shapeOf(promised(recording, 3), 3)).toBe(shapeOf(recording, 3));
  });
});
