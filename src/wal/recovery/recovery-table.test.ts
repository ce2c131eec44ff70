import { expect, test } from 'vitest';
import { columns, type Evidence, fits, judge, rows } from './recovery-table.ts';

function combination(bits: number): Evidence {
  const cells = columns.map((column, index) => [column, ((bits >> index) & 1) === 1] as const);
  return Object.fromEntries(cells) as unknown as Evidence;
}

const combinations = Array.from({ length: 2 ** columns.length }, (_, bits) => combination(bits));

test('exactly one row fits any evidence', () => {
  for (const evidence of combinations) {
    const fitting = rows.filter((row) => fits(row, evidence));
    expect({ evidence, rows: fitting.map(({ name }) => name) }).toEqual({
      evidence,
      rows: [judge(evidence).name],
    });
  }
});

test('every row is the one for some evidence, and has a cell for every column', () => {
  const used = new Set(combinations.map((evidence) => judge(evidence).name));
  expect([...used].sort()).toEqual(rows.map(({ name }) => name).sort());
  for (const { pattern } of rows) expect(pattern.split(/ +/)).toHaveLength(columns.length);
});

test('whatever speaks for an acknowledged loss makes it corrupt; without it nothing does', () => {
  for (const evidence of combinations) {
    const { restZero, closed, ...against } = evidence;
    const isCorrupt = Object.values(against).includes(true);
    const expected = isCorrupt ? 'corrupt' : restZero ? (closed ? 'clean' : 'end') : 'torn';
    expect(judge(evidence).judgement).toBe(expected);
  }
});
