import { expect, it } from 'vitest';
import { claimsUnderAll, keepsContent, nameOf } from './befallen.ts';

const claims = {
  durability: ['power-loss', 'io-error'],
  candour: ['power-loss', 'io-error', 'bit-rot'],
} as const;
const stated = { durability: [...claims.durability], candour: [...claims.candour] };

it('judges the claims that are stated under each of the faults that befell', () => {
  expect(claimsUnderAll(stated, ['power-loss'])).toEqual(['durability', 'candour']);
  expect(claimsUnderAll(stated, ['io-error', 'bit-rot'])).toEqual(['candour']);
  expect(claimsUnderAll(stated, ['io-error', 'disk-full'])).toEqual([]);
  expect(claimsUnderAll(stated, [])).toEqual([]);
});

it('goes on only after faults that leave all content where it was', () => {
  expect(keepsContent(stated, ['power-loss', 'io-error'])).toBe(true);
  expect(keepsContent(stated, ['bit-rot'])).toBe(false);
  expect(keepsContent(stated, [])).toBe(true);
});

it('goes on after a kill where power may go: the page cache outlives it', () => {
  expect(keepsContent(stated, ['process-kill'])).toBe(true);
  expect(keepsContent({ durability: ['io-error'] }, ['process-kill'])).toBe(false);
});

it('names a cycle by the fault that explains most', () => {
  expect(nameOf(['process-kill'])).toBe('process-kill');
  expect(nameOf(['power-loss', 'io-error'])).toBe('io-error');
  expect(nameOf(['io-error', 'torn-write'])).toBe('torn-write');
  expect(nameOf([])).toBeUndefined();
});
