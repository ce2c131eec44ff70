import { describe, expect, it } from 'vitest';
import { parseRule, ruleOf, wordsOf } from './rule-words.ts';

const examples = [
  ['io-error on write of wal/* nth 3', { fault: 'io-error', operation: 'write', path: 'wal/*', nth: 3 }],
  [
    'io-error on any volume data from 10 until 20 errno EROFS',
    { fault: 'io-error', operation: 'any', volume: 'data', from: 10, until: 20, errno: 'EROFS' },
  ],
  [
    'fsync-error as btrfs after checkpoint',
    { fault: 'fsync-error', operation: 'sync', as: 'btrfs', after: 'checkpoint' },
  ],
  ['lost-fsync on fdatasync once', { fault: 'lost-fsync', operation: 'sync', nth: 1 }],
  ['slow on sync delay 20ms..50ms', { fault: 'slow', operation: 'sync', delayMs: 20, delayMsMax: 50 }],
  ['disk-full on any capacity 64KiB', { fault: 'disk-full', operation: 'any', capacityBytes: 65_536 }],
  ['process-kill on any at 1.5s', { fault: 'process-kill', operation: 'any', atMs: 1500 }],
  ['bit-rot on read at read', { fault: 'bit-rot', operation: 'read', at: 'read' }],
  ['process-kill at 20ms', { fault: 'process-kill', operation: 'any', atMs: 20 }],
  [
    'short-io on read every 2 interrupted',
    { fault: 'short-io', operation: 'read', every: 2, interrupted: true },
  ],
  ['lost-write chance 10% seed 7', { fault: 'lost-write', operation: 'write', chance: 0.1, seed: 7 }],
  ['stale-read back 2 always', { fault: 'stale-read', operation: 'read', back: 2 }],
] as const;

describe('a rule in words', () => {
  it.each(examples)('%s', (text, rule) => {
    expect(parseRule(text)).toEqual(rule);
    // What is printed reads back as the same rule.
    expect(parseRule(wordsOf(parseRule(text)))).toEqual(rule);
  });

  it('may be JSON or YAML; a name with a blank has to be', () => {
    const rule = { fault: 'io-error', operation: 'read', path: 'a b' };
    expect(parseRule(JSON.stringify(rule))).toEqual(rule);
    expect(parseRule('{fault: lost-fsync, operation: sync}')).toEqual({
      fault: 'lost-fsync',
      operation: 'sync',
    });
    expect(parseRule(wordsOf(ruleOf(rule)))).toEqual(rule);
  });

  it.each([
    ['io-eror on write', 'Did you mean io-error?'],
    ['bit-rot', 'say on what'],
    ['io-error on wirtes', 'Did you mean write?'],
    ['slow on sync', 'say how slow'],
    ['bit-rot on sync at read', 'only a read'],
    ['io-error on write nht 3', 'Did you mean nth?'],
    ['io-error on write nth three', 'expected a whole number in place of "three"'],
    ['io-error on write nth', 'nothing follows nth'],
    ['io-error on write nth 1 nth 2', 'nth is said twice'],
    ['io-error on write nth 1 every 2', 'keep one'],
    ['lost-fsync on write', 'it can befall sync.'],
    ['slow on sync delay 20', 'expected 20ms or 1.5s in place of "20"'],
    ['disk-full on any capacity 64kb', 'expected 512 or 64KiB'],
    ['constructor on write', 'a rule begins with a fault'],
    ['io-error on write constructor 1', 'behind the fault come'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseRule(text)).toThrow(why);
  });
});
