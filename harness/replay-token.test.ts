import { describe, expect, it } from 'vitest';
import { emptyTree } from '../src/faults/model/tree.ts';
import { decodeReplayFile, encodeReplayFile } from './replay-file.ts';
import { decodeToken, encodeToken, isToken, ReplayError, type ReplayPlan } from './replay-token.ts';

const plan: ReplayPlan = {
  scenario: 'scenarios/a.yaml',
  seed: 7,
  layer: 'fuse',
  claim: 'durability',
  fault: 'power-loss',
  profile: 'posix',
  steps: [0, 3],
  origin: { kind: 'nested', state: { point: 4, lost: [1], filler: 'garbage' } },
  state: { point: 9, lost: [2, 5, 6], filler: 'old' },
};

describe('a replay token', () => {
  it('carries its plan', () => {
    const token = encodeToken(plan);
    expect(isToken(token)).toBe(true);
    expect(token).toMatch(/^pc1-[\w-]+$/);
    expect(decodeToken(token)).toEqual(plan);
  });

  it.each(['pc1-', 'pc1-AAAA', encodeToken(plan).slice(0, -9)])('says that %s cannot be read', (token) => {
    expect(() => decodeToken(token)).toThrow(ReplayError);
    expect(() => decodeToken(token)).toThrow('cut, or changed on its way');
  });
});

describe('a replay file', () => {
  const run = {
    recording: { base: emptyTree(['data']), trace: [{ kind: 'acknowledgement', text: '0' }] },
    conversation: {
      kind: 'requests',
      model: 'log',
      settled: [],
      steps: [{ index: 0, mutation: { op: 'appendDurable', data: new Uint8Array([1, 2, 255]) } }],
    },
    firings: [],
    exploredUpTo: 3,
  } as const;

  it('carries its plan and its run', () => {
    expect(decodeReplayFile(encodeReplayFile({ plan, run }), 'r.json')).toEqual({ plan, run });
  });

  it('names the file and what is wrong', () => {
    const other = encodeReplayFile({ plan, run }).replace('"version": 1', '"version": 2');
    expect(() => decodeReplayFile(other, 'r.json')).toThrow(/^r\.json is not a replay file of this version/);
    expect(() => decodeReplayFile('{', 'r.json')).toThrow(ReplayError);
  });
});
