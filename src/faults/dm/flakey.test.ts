import { describe, expect, it } from 'vitest';
import type { PlanRule } from '../plan.ts';
import { featuresFor, flakeyRule } from './flakey.ts';

describe('what a rule asks of dm-flakey', () => {
  it.each<[PlanRule, string]>([
    [{ fault: 'io-error', operation: 'any' }, ''],
    [{ fault: 'io-error', operation: 'write', errno: 'EIO' }, 'error_writes'],
    [{ fault: 'io-error', operation: 'read' }, 'error_reads'],
    [{ fault: 'lost-write', operation: 'write', after: 'put*' }, 'drop_writes'],
    [{ fault: 'bit-rot', operation: 'write', seed: 513 }, 'corrupt_bio_byte 2 w 165 0'],
    [{ fault: 'bit-rot', operation: 'read', at: 'read' }, 'corrupt_bio_byte 1 r 165 0'],
    [{ fault: 'bit-rot', operation: 'write', chance: 0.01 }, 'random_write_corrupt 10000000'],
  ])('%j', (rule, expected) => {
    expect(featuresFor(rule).join(' ')).toBe(expected);
  });

  it.each<[PlanRule, string]>([
    [{ fault: 'io-error', operation: 'write', nth: 3 }, 'it can have no nth'],
    [{ fault: 'io-error', operation: 'sync' }, 'it has io-error on any, read and write'],
    [{ fault: 'io-error', operation: 'write', errno: 'ENOSPC' }, 'not ENOSPC'],
    [{ fault: 'io-error', operation: 'write', lasts: 'for-good' }, 'as a whole, and once'],
    [{ fault: 'lost-write', operation: 'write', chance: 0.5 }, 'only bit-rot can have a chance'],
    [{ fault: 'bit-rot', operation: 'read' }, 'bit-rot at read on read'],
    [{ fault: 'lost-fsync', operation: 'sync' }, 'the fuse and block layers have it'],
  ])('%j is refused', (rule, why) => {
    expect(() => featuresFor(rule)).toThrow(why);
  });

  it('is one at a time', () => {
    const rule: PlanRule = { fault: 'lost-write', operation: 'write' };
    expect(flakeyRule([])).toBeUndefined();
    expect(flakeyRule([rule])).toBe(rule);
    expect(() => flakeyRule([rule, rule])).toThrow('one fault at a time');
  });
});
