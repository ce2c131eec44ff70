import { describe, expect, it } from 'vitest';
import { parseDuration, parseProfiles, parseShard, wholeNumber } from './arguments.ts';

describe('durations', () => {
  it.each([
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5400],
    ['1.5m', 90],
    ['45', 45],
  ])('%s is %d seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  it.each(['', '0s', '10x', '5 m', 'm', '-5s', '1m foo', '1.5'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow('Expected a duration such as 90s');
  });

  it('are no longer than a timer can wait', () => {
    expect(parseDuration('596h') * 1000).toBeLessThan(2 ** 31);
    for (const text of ['720h', '597h', '2147484', '36000m'])
      expect(() => parseDuration(text)).toThrow('Expected a duration of 596h (24 days) at most.');
  });
});

describe('shards', () => {
  it('are part/parts', () => expect(parseShard('2/8')).toEqual({ index: 2, count: 8 }));

  it.each(['0/3', '4/3', '1', '1/0', 'a/b', '-1/2', '1/2/3'])('%j is none', (text) => {
    expect(() => parseShard(text)).toThrow('Expected part/parts');
  });
});

describe('whole numbers', () => {
  it('have a range', () => {
    expect(wholeNumber(1, 8)('8')).toBe(8);
    expect(() => wholeNumber(1, 8)('9')).toThrow('Expected a whole number from 1 to 8.');
    expect(() => wholeNumber(1)('0')).toThrow('Expected a whole number, 1 or more.');
  });

  it.each(['', '1.5', '1e3', '-1', '0x10', '9007199254740993'])('%j is none', (text) => {
    expect(() => wholeNumber(0)(text)).toThrow('Expected a whole number');
  });
});

describe('profiles', () => {
  it('come in lists and add up', () => {
    expect(parseProfiles('btrfs', parseProfiles('posix, xfs'))).toEqual(['posix', 'xfs', 'btrfs']);
  });

  it('are known ones', () => {
    expect(() => parseProfiles('posiks')).toThrow('Did you mean posix?');
  });
});
