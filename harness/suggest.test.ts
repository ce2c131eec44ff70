import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

describe('suggest', () => {
  it.each([
    ['drivr', 'driver'],
    ['wrokload', 'workload'],
    ['POWER-LOSS', 'power-loss'],
    ['ext4', 'ext4-ordered'],
    ['zebra', undefined],
    ['x', undefined],
  ])('%s: %s', (found, expected) => {
    const known = ['driver', 'workload', 'power-loss', 'ext4-ordered', 'xfs'];
    expect(suggest(found, known)).toBe(expected);
  });
});

const word = fc.string({ maxLength: 8 });

test.prop([word, word])('the distance is symmetric, and 0 only for the same word', (a, b) => {
  expect(editDistance(a, b)).toBe(editDistance(b, a));
  expect(editDistance(a, b) === 0).toBe(a === b);
});

test.prop([word, word, word])('one letter more is one step', (before, letter, after) => {
  expect(editDistance(before + after, before + letter.slice(0, 1) + after)).toBe(letter === '' ? 0 : 1);
});
