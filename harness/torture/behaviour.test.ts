import { expect, it } from 'vitest';
import { shapeOf } from './behaviour.ts';

it('is the same for answers that differ in numbers alone', () => {
  const shape = shapeOf({ records: 7, tail: 'torn', damage: 'segment 3 is gone' });
  expect(shape).toBe('{damage: "segment # is gone", records: n, tail: "torn"}');
  expect(shapeOf({ tail: 'torn', damage: 'segment 12 is gone', records: 230 })).toBe(shape);
});

it('tells nothing, one and many apart', () => {
  expect([0, 1, 2, 900].map(shapeOf)).toEqual(['0', '1', 'n', 'n']);
  expect([[], [5], [5, 6], [5, 1]].map(shapeOf)).toEqual(['[]', '[n]', '[n]', '[1, n]']);
  expect([false, null, undefined].map(shapeOf)).toEqual(['false', 'null', 'undefined']);
});
