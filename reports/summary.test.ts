import { expect, it } from 'vitest';
import { canaryScenario, violatedScenario } from './fixtures/scenarios.ts';
import { base } from './fixtures/verdicts.ts';
import { reportedFindings, shareText } from './summary.ts';

it('puts violations before known bugs, and what broke beside those last', () => {
  const beside = canaryScenario.findings.map((finding) => ({ ...finding, id: '9', claim: 'order' as const }));
  const verdict = {
    ...base,
    scenarios: [{ ...canaryScenario, findings: [...beside, ...canaryScenario.findings] }, violatedScenario],
  };
  expect(reportedFindings(verdict).map(({ finding, role }) => `${finding.id} ${role}`)).toEqual([
    '1 violation',
    '2 violation',
    '3 planted',
    '9 beside-planted',
  ]);
});

it('never rounds a share up to all, nor down to nothing', () => {
  const share = (states: number, legalStates: number) =>
    shareText({
      fault: 'power-loss',
      profile: 'posix',
      crashPoints: 1,
      images: 1,
      exhaustive: false,
      states,
      legalStates,
    });
  expect([share(99_999, 100_000), share(1, 1_000_000), share(2000, 18_301), share(3, 100)]).toEqual([
    'more than 99.9 % of 100,000 legal states',
    'less than 0.1 % of 1,000,000 legal states',
    '11 % of 18,301 legal states',
    '3.0 % of 100 legal states',
  ]);
});
