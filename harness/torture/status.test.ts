import { expect, it } from 'vitest';
import { quietMeter } from './status.ts';

const seen = (behaviours: number) => ({ faults: [], behaviours, lastNewCycle: 0 });

it('counts from the last new behaviour', () => {
  const quiet = quietMeter();
  expect(quiet(1000, seen(0))).toBe(0);
  expect(quiet(4000, seen(0))).toBe(3);
  expect(quiet(5000, seen(2))).toBe(0);
  expect(quiet(5500, seen(2))).toBe(0.5);
});
