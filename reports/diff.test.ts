import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { type DiffRow, diffLines, focusLines, isSame } from './diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
const side = (rows: readonly DiffRow[], name: 'expected' | 'recovered') =>
  rows.flatMap((row) => row[name] ?? []);

test.prop([lines, lines])('both sides are there, whole and in order', (expected, recovered) => {
  const rows = diffLines(expected, recovered);
  expect(side(rows, 'expected')).toEqual(expected);
  expect(side(rows, 'recovered')).toEqual(recovered);
});

test.prop([lines, lines])(
  'no equal line stands alone where it could stand beside its like',
  (expected, recovered) => {
    const same = diffLines(expected, recovered).filter(isSame).length;
    const common = expected.filter((line) => recovered.includes(line)).length;
    expect(same).toBeGreaterThanOrEqual(common > 0 ? 1 : 0);
  },
);

it('sets a lost line beside nothing', () => {
  expect(diffLines(['1', '2', '3'], ['1', '3'])).toEqual([
    { expected: '1', recovered: '1' },
    { expected: '2' },
    { expected: '3', recovered: '3' },
  ]);
});

it('focuses on the first difference of long texts, and counts what it cuts', () => {
  const expected = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
  const recovered = expected.with(500, 'other');
  const focused = focusLines(expected, recovered, 6);
  expect(focused.recovered).toEqual([
    '… 497 equal lines',
    'line 497',
    'line 498',
    'line 499',
    'other',
    'line 501',
    'line 502',
    '… 497 more lines in verdict.json',
  ]);
  expect(focusLines(expected, expected.slice(0, 999), 6).expected).toEqual([
    '… 996 equal lines',
    'line 996',
    'line 997',
    'line 998',
    'line 999',
  ]);
  expect(focusLines(['a'], ['b'], 6)).toEqual({ expected: ['a'], recovered: ['b'] });
});

it('takes each line of a text for itself', () => {
  const { expected, recovered } = focusLines(['a\nb'], ['a', 'c'], 10);
  expect(diffLines(expected, recovered)).toEqual([
    { expected: 'a', recovered: 'a' },
    { expected: 'b', recovered: 'c' },
  ]);
});
