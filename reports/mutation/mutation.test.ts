import { expect, it } from 'vitest';
import { mutatedVerdict, settledVerdict } from '../fixtures/mutated.ts';
import { allHeld } from '../fixtures/verdicts.ts';
import { renderGithub } from '../github.ts';
import { headline } from '../headline.ts';
import { renderHtml } from '../html.ts';
import { renderJunit } from '../junit.ts';
import { renderMarkdown } from '../markdown.ts';
import { parseVerdict } from '../schema.ts';
import { renderTerminal } from '../terminal.ts';
import type { Verdict } from '../verdict.ts';

const terminal = (verdict: Verdict) =>
  renderTerminal(verdict, { width: 100, colour: false, reportPath: '-' });

it('says first how many barriers nobody would miss', () => {
  expect(headline(mutatedVerdict)).toMatchObject({ status: 'violated', label: 'Undetected' });
  expect(headline(mutatedVerdict).sentence).toMatch(/^1 of 5 barriers can be left out and no test notices/);
  expect(headline(settledVerdict)).toMatchObject({ status: 'held', label: 'All detected' });
  expect(headline(allHeld).label).toBe('Held');
});

it.each([
  ['terminal', terminal],
  ['markdown', renderMarkdown],
  ['html', renderHtml],
])('shows the undetected barrier before the detected one: %s', (_name, render) => {
  const [page = ''] = render(mutatedVerdict).split('<script');
  const table = page.slice(page.indexOf('Barriers left out, one at a time'));
  const at = [
    'no claim breaks in 400 of 1,204 states',
    'The time limit',
    'no crash needs it',
    '391 of 400',
  ].map((text) => table.indexOf(text));
  expect(at.every((place) => place > 0)).toBe(true);
  expect(at).toEqual([...at].sort((a, b) => a - b));
});

it('annotates what is to be done, and nothing else', () => {
  const lines = renderGithub(mutatedVerdict).trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('::error'))).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith('::warning'))).toHaveLength(2);
  expect(renderGithub(settledVerdict)).not.toContain('::error');
});

it('is a test case a barrier for JUnit: undetected a failure, not accounted for an error', () => {
  const failed = renderJunit(mutatedVerdict);
  expect(failed).toMatch(/name="without fsync wal\/ before write wal\/manifest"[^>]*>\s*<failure/);
  expect(failed.match(/<error /g)).toHaveLength(2);
  expect(renderJunit(settledVerdict)).not.toMatch(/<failure|<error /);
});

it('is part of the file', () => {
  expect(parseVerdict(JSON.stringify(mutatedVerdict), 'verdict.json')).toEqual(mutatedVerdict);
});
