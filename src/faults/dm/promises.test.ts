import { describe, expect, it } from 'vitest';
import { isAwaited, promiseName } from './promises.ts';

describe('a promise that a rule of the dm layer awaits', () => {
  it('is one of many that are worded alike', () => {
    const awaited = ['ok', 'ok', 'ok'].map((text, index) => isAwaited(promiseName(2), text, index + 1));
    expect(awaited).toEqual([false, true, false]);
  });

  it('is the one of this ordinal, and of no other that begins alike', () => {
    expect(isAwaited(promiseName(1), 'x', 11)).toBe(false);
  });

  it('is each that has the text, where a rule names one', () => {
    expect(isAwaited('set *', 'set a 5', 3)).toBe(true);
    expect(isAwaited('set b', 'set a 5', 3)).toBe(false);
  });
});
