import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { violated } from '../../reports/fixtures/verdicts.ts';
import { parseVerdict } from '../../reports/schema.ts';
import { emitReports, parseReporter, reporterNames } from './reporters.ts';

const look = { width: 80, colour: false };

it('reporters add up, and only one of them has stdout', () => {
  const two = parseReporter('junit=junit.xml', parseReporter('markdown'));
  expect(two).toEqual([{ name: 'markdown' }, { name: 'junit', file: 'junit.xml' }]);
  expect(() => parseReporter('json', two)).toThrow('Standard output goes to markdown already');
});

it.each([
  ['html=', 'Expected a file after html='],
  ['html=/no/such/report.html', 'There is no directory /no/such'],
  ['html=/dev/null/report.html', 'There is no directory /dev/null'],
  ['html=/tmp', '/tmp is a directory'],
  ['jsn', 'Did you mean json?'],
  ['', 'Expected one of terminal, markdown, junit, html, github, json'],
])('%j is refused', (text, message) => {
  expect(() => parseReporter(text)).toThrow(message);
});

it.each(reporterNames)('%s is printed', (name) => {
  let printed = '';
  emitReports(violated, [{ name }], look, (text) => {
    printed += text;
  });
  expect(printed).toContain('durability');
});

it('what goes to files leaves stdout to the terminal report', () => {
  const directory = mkdtempSync(join(tmpdir(), 'powercut-reporters-'));
  try {
    const file = join(directory, 'verdict.json');
    let printed = '';
    emitReports(violated, [{ name: 'json', file }], look, (text) => {
      printed += text;
    });
    expect(printed).toMatch(/^VIOLATED/);
    expect(parseVerdict(readFileSync(file, 'utf8'), file)).toEqual(violated);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
