import { expect, it } from 'vitest';
import { describeSeed, parseSeed } from './seed.ts';

const commit = 'deadbeef00112233445566778899aabbccddeeff';
const knows =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name) ? commit : undefined;
const knowsNothing = knows();

it('is a number where it has digits alone', () => {
  expect(parseSeed('7', knows('7'))).toEqual({ value: 7 });
  expect(describeSeed({ value: 7 })).toBeUndefined();
});

it('is the beginning of a commit, and says which', () => {
  const seed = parseSeed('HEAD', knows('HEAD'));
  expect(seed.value).toBe(0xdeadbeef);
  expect(describeSeed(seed)).toBe(`seed 3735928559, the first 32 bits of commit ${commit} (HEAD)`);
});

it('is the same for the whole hash, whether or not its repository is here', () => {
  const seed = parseSeed(commit, knowsNothing);
  expect(seed.value).toBe(0xdeadbeef);
  expect(describeSeed(seed)).toBe(`seed 3735928559, the first 32 bits of commit ${commit}`);
});

it('is nothing else', () => {
  for (const text of ['', 'no-branch', '-1', '1.5', 'deadbeef']) {
    expect(() => parseSeed(text, knowsNothing)).toThrow(/Expected a whole number, a commit/);
  }
});
