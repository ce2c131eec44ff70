import { describe, expect, it } from 'vitest';
import type { Claim } from '../reports/verdict.ts';
import { emptyTree } from '../src/faults/model/tree.ts';
import type { ClaimTally, ExploreResult, Violation } from './exploration.ts';
import { mergeResults } from './merge.ts';
import { spread } from './spread.ts';

function violationAt(...place: number[]): Violation {
  return {
    claim: 'durability',
    fault: 'power-loss',
    profile: 'posix',
    judgement: { status: 'violated', summary: String(place), expected: [], recovered: [] },
    run: {
      recording: { base: emptyTree(['data']), trace: [] },
      conversation: { kind: 'lines', settled: [] },
      firings: [],
      exploredUpTo: -1,
    },
    origin: { kind: 'workload', plan: [] },
    steps: [],
    state: { point: 0, lost: [], filler: 'old' },
    place,
  };
}

function resultOf(tally: Partial<ClaimTally>, exhaustive = true): ExploreResult {
  const tallies = new Map<Claim, ClaimTally>([
    ['durability', { held: 1, violated: 0, unknown: 0, ...tally }],
  ]);
  return {
    shared: { crashPoints: 5, states: 20, images: 10 },
    own: { crashPoints: 2, states: 3, images: 1 },
    judged: 6,
    recovered: 5,
    exhaustive,
    tallies,
    outcomes: new Set(),
    unstruck: [],
    notes: ['a'],
  };
}

describe('mergeResults', () => {
  it('counts the shared run once and each lane’s own runs', () => {
    const merged = mergeResults([resultOf({}), resultOf({})]);
    expect(merged.coverage).toEqual({ crashPoints: 9, states: 26, images: 12 });
    expect(merged.legalStates).toBe(20);
    expect(merged.notes).toEqual(['a']);
  });

  it('is not exhaustive if one lane was not', () => {
    expect(mergeResults([resultOf({}), resultOf({}, false)]).legalStates).toBeUndefined();
  });

  it('adds tallies and takes the first violation in the order of exploration, whichever lane met it', () => {
    const a = resultOf({ violated: 1, first: violationAt(0, 12) });
    const b = resultOf({ violated: 2, first: violationAt(0, 3) });
    const tally = mergeResults([a, b]).tallies.get('durability');
    expect(tally).toMatchObject({ held: 2, violated: 3, first: { place: [0, 3] } });
    expect(mergeResults([b, a]).tallies.get('durability')?.first?.place).toEqual([0, 3]);
  });
});

describe('spread', () => {
  it('keeps all where there are few', () => expect(spread([1, 2], 3)).toEqual([1, 2]));
  it('takes an even choice, the last among them', () =>
    expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3)).toEqual([3, 6, 10]));
});
