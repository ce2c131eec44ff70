import { describe, expect, it } from 'vitest';
import type { BarrierVerdict } from '../../reports/verdict.ts';
import { remarksOn, rowOf, statusOf, type TriedBarrier } from './table.ts';
import type { Attempted } from './task.ts';

const where = { fault: 'power-loss', profile: 'posix', claims: ['durability'], states: 10 } as const;
const held: Attempted = {
  ...where,
  tallies: new Map([['durability', { held: 10, violated: 0, unknown: 0 }]]),
};
const broken: Attempted = {
  ...where,
  tallies: new Map([['durability', { held: 7, violated: 3, unknown: 0 }]]),
};
const doubtful: Attempted = {
  ...where,
  tallies: new Map([['durability', { held: 9, violated: 0, unknown: 1, why: 'it hung' }]]),
};

function tried(...attempted: readonly Attempted[]): TriedBarrier {
  return { name: 'fsync log at the end', issued: 1, result: { attempted }, coveredBy: [] };
}

const covered: TriedBarrier = {
  ...tried(),
  result: { coveredBy: [[4]], attempted: [] },
  coveredBy: ['fsync log before close'],
};
const accepted = [{ barrier: 'fsync log', why: 'a reason' }];

describe('a row of the table', () => {
  it.each<[string, TriedBarrier, Partial<BarrierVerdict>]>([
    ['nothing broke', tried(held, held), { status: 'undetected', states: 20 }],
    ['a claim broke', { ...tried(held, broken), finding: '1' }, { status: 'detected', finding: '1' }],
    ['it broke and not again', tried(broken), { status: 'unknown' }],
    ['a judge could not tell', tried(doubtful), { status: 'unknown', why: 'it hung' }],
    ['others cover it', covered, { status: 'redundant', coveredBy: ['fsync log before close'] }],
  ])('%s', (_title, barrier, row) => {
    expect(rowOf(barrier, [], undefined)).toMatchObject(row);
  });

  it('is unknown where the run ended before all was tried, unless that was enough', () => {
    const cut = 'The run was interrupted.';
    const { result: _result, ...untried } = tried();
    expect(rowOf(untried, [], cut)).toMatchObject({ status: 'unknown', why: cut });
    expect(rowOf(tried(held), accepted, cut)).toMatchObject({ status: 'unknown', why: cut });
    expect(rowOf({ ...tried(broken), finding: '1' }, [], cut).status).toBe('detected');
    expect(rowOf(covered, [], cut).status).toBe('redundant');
  });

  it('is redundant where the scenario says why, and detected all the same where a claim breaks', () => {
    expect(rowOf(tried(held), accepted, undefined)).toMatchObject({
      status: 'redundant',
      accepted: 'a reason',
    });
    const row = rowOf({ ...tried(broken), finding: '1' }, accepted, undefined);
    expect(row.status).toBe('detected');
    expect(remarksOn([row], accepted)).toEqual([
      'The scenario accepts "fsync log" as redundant: a claim breaks without it.',
    ]);
    // The words of a name, not its letters.
    expect(rowOf({ ...tried(held), name: 'fsync logbook at the end' }, accepted, undefined).status).toBe(
      'undetected',
    );
  });
});

it('the worst barrier decides, and none at all is unknown', () => {
  const status = (...rows: readonly BarrierVerdict[]) => statusOf({ statesEach: 1, runs: 1, barriers: rows });
  const undetected = rowOf(tried(held), [], undefined);
  const silent = rowOf(covered, [], undefined);
  const settled = rowOf(covered, accepted, undefined);
  expect(status()).toBe('unknown');
  expect(status(settled)).toBe('held');
  expect(status(settled, silent)).toBe('unknown');
  expect(status(settled, silent, undetected)).toBe('violated');
});
