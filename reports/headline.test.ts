import { describe, expect, it } from 'vitest';
import { canaryScenario, heldScenario, violatedScenario } from './fixtures/scenarios.ts';
import {
  allHeld,
  base,
  canaryFound,
  canaryMissed,
  interrupted,
  notTested,
  violated,
  zeroStates,
} from './fixtures/verdicts.ts';
import { headline } from './headline.ts';
import { statusOfCell } from './summary.ts';
import type { Verdict } from './verdict.ts';

const say = (verdict: Verdict) => {
  const { label, sentence } = headline(verdict);
  return `${label}: ${sentence}`;
};

describe('headline', () => {
  it('names what is violated', () => {
    expect(say({ ...violated, scenarios: [violatedScenario] })).toBe(
      'Violated: Durability does not hold under power-loss and integrity does not hold under torn-write.',
    );
  });

  it('names the scenario where there are several', () => {
    expect(say(violated)).toContain('Durability does not hold under power-loss (segment-log)');
  });

  it('says in how many states what held did hold, and that it is no proof', () => {
    expect(say(allHeld)).toBe('Held: All 8 stated claims held in the 3,214 crash states that were judged.');
    expect(headline(allHeld).caveats).toContainEqual(
      expect.stringMatching(/^“Held” means: in these states. It is not a proof./),
    );
  });

  it('reads a found canary as the success that it is', () => {
    expect(say(canaryFound)).toBe(
      'Canary found: The known bug broke durability under power-loss, as it must (it took 12 states).',
    );
    expect(headline(canaryFound).status).toBe('held');
  });

  it('does not count what broke in a canary as a violation', () => {
    const verdict = { ...base, scenarios: [heldScenario, canaryScenario] };
    expect(say(verdict)).toMatch(/^Held: All 8 stated claims held/);
    expect(headline(verdict).caveats).toContain('The canary was found: the run notices a known bug.');
  });

  it('calls a run worthless whose canary was not found', () => {
    expect(say(canaryMissed)).toMatch(/^Unknown: This run is worthless: the known bug of ack-before-fsync/);
  });

  it('warns of a missed canary beside a violation', () => {
    const verdict = {
      ...canaryMissed,
      status: 'violated' as const,
      scenarios: [...canaryMissed.scenarios, violatedScenario],
    };
    expect(headline(verdict).caveats).toContainEqual(expect.stringContaining('do not trust what held'));
  });

  it('takes a run without a judged state for unknown, whatever it says of itself', () => {
    expect(zeroStates.status).toBe('held');
    expect(headline(zeroStates).status).toBe('unknown');
    expect(say(zeroStates)).toBe('Unknown: Nothing is known: no crash state was judged.');
    expect(zeroStates.scenarios.flatMap(({ cells }) => cells.map(statusOfCell))).not.toContain('held');
  });

  it('never counts what was not tested as held', () => {
    expect(say(notTested)).toBe('Unknown: Nothing is known: nothing was tested.');
    const cells = heldScenario.cells.map((cell) =>
      cell.claim === 'order' ? { ...cell, status: 'not-tested' as const, states: 0 } : cell,
    );
    expect(say({ ...base, scenarios: [{ ...heldScenario, cells }] })).toBe(
      'Held: The 6 claims that could be tested held in the 3,214 crash states that were judged.',
    );
  });

  it('believes the worst that the data hold, not a better sum of it', () => {
    const missed = { ...canaryMissed, status: 'held' as const };
    const statuses = [
      { ...violated, status: 'held' as const },
      missed,
      { ...interrupted, status: 'held' as const },
      // The canary was judged in 31 states; what is stated, in none.
      { ...base, scenarios: [...zeroStates.scenarios, canaryScenario] },
      { ...base, scenarios: [...notTested.scenarios, canaryScenario] },
      { ...base, scenarios: [] },
    ].map((verdict) => headline(verdict).status);
    expect(statuses).toEqual(['violated', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('says that a run was interrupted', () => {
    expect(say(interrupted)).toBe(
      'Unknown: No claim was seen to break, but 4 of 8 stated claims are unknown.',
    );
    expect(headline(interrupted).caveats[0]).toMatch(/interrupted \(SIGINT\)/);
  });
});
