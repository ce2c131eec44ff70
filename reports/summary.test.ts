import { expect, it } from 'vitest';
import { lostName } from './fixtures/findings.ts';
import { canaryScenario, violatedScenario } from './fixtures/scenarios.ts';
import { base } from './fixtures/verdicts.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { canaryOutcome, canarySentence, reportedFindings, shareText, summaryText } from './summary.ts';
import { renderTerminal } from './terminal.ts';
import type { CanaryPlace } from './verdict.ts';

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

function onFileSystems(...fileSystems: readonly CanaryPlace[]) {
  const some = (outcome: CanaryPlace['outcome']) => fileSystems.some((place) => place.outcome === outcome);
  const found = some('found') && !some('missed');
  const canary = { ...canaryScenario.canary, found, fileSystems, forgiving: 'they sync names' };
  return {
    ...canaryScenario,
    status: 'held' as const,
    canary: { breaks: 'durability', under: 'power-loss', states: 4, ...canary } as const,
  };
}

it('names the file systems on which a canary was found, missed and forgiven', () => {
  const both = onFileSystems(
    { name: 'xfs', outcome: 'forgiven' },
    { name: 'ext4-no-barrier', outcome: 'found' },
  );
  expect(canaryOutcome(both)).toBe('found');
  expect(canarySentence(both)).toMatch(
    /on ext4-no-barrier, as it must .*; it did no harm on xfs: they sync names$/,
  );
  const missed = onFileSystems({ name: 'xfs', outcome: 'missed' }, { name: 'btrfs', outcome: 'forgiven' });
  expect(canaryOutcome(missed)).toBe('missed');
  expect(canarySentence(missed)).toMatch(/under power-loss on xfs, and .* the run is worthless$/);
});

it.each([
  ['terminal', (verdict: typeof base) => renderTerminal(verdict, { width: 500, colour: false })],
  ['markdown', renderMarkdown],
  ['html', renderHtml],
  ['junit', renderJunit],
])('says in each report that a canary was forgiven, and where: %s', (_name, render) => {
  const forgiven = onFileSystems(
    { name: 'xfs', outcome: 'forgiven' },
    { name: 'btrfs', outcome: 'forgiven' },
  );
  expect(canaryOutcome(forgiven)).toBe('forgiven');
  const page = render({ ...base, scenarios: [forgiven] });
  expect(page).toContain('did not break durability under power-loss on xfs and btrfs: they sync names');
  expect(page).not.toContain('worthless');
});

it('makes a sentence of what broke, and leaves the words of a checker alone', () => {
  const told = (how: 'driver' | 'command') =>
    summaryText({
      finding: { ...lostName, summary: 'conf is gone\nand so is log' },
      scenario: { ...violatedScenario, subject: { ...violatedScenario.subject, how } },
    });
  expect(told('driver')).toBe('Conf is gone; and so is log.');
  expect(told('command')).toBe('conf is gone; and so is log');
});
