import { expect, it } from 'vitest';
import { heldScenario } from '../../reports/fixtures/scenarios.ts';
import { base, violated } from '../../reports/fixtures/verdicts.ts';
import type { ScenarioVerdict, Status, Verdict } from '../../reports/verdict.ts';
import { exitCodeOf } from './exit.ts';

const held: Verdict = { ...base, status: 'held', scenarios: [heldScenario] };
const unknown: Verdict = { ...held, status: 'unknown' };
const withCell = (status: Status): ScenarioVerdict => ({
  ...heldScenario,
  cells: [{ claim: 'order', fault: 'bit-rot', profile: 'posix', status, states: 0, why: 'no layer' }],
});
const untested: ScenarioVerdict = { ...withCell('not-tested'), status: 'not-tested' };

it.each<[string, Verdict, boolean, number]>([
  ['held', held, false, 0],
  ['violated', violated, false, 1],
  ['unknown', unknown, false, 2],
  ['nothing could be tested', { ...unknown, scenarios: [untested, untested] }, false, 69],
  ['held, and some could not be tested', { ...held, scenarios: [heldScenario, untested] }, false, 0],
  ['the same with --fail-on-untested', { ...held, scenarios: [heldScenario, untested] }, true, 2],
  ['one cell, with --fail-on-untested', { ...held, scenarios: [withCell('not-tested')] }, true, 2],
  ['all tested, with --fail-on-untested', held, true, 0],
  ['interrupted, though violated', { ...violated, interrupted: 'SIGINT' }, false, 130],
  ['ended by SIGTERM', { ...held, interrupted: 'SIGTERM' }, true, 143],
])('%s', (_, verdict, failOnUntested, code) => {
  expect(exitCodeOf(verdict, { failOnUntested })).toBe(code);
});
