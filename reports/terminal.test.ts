import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hostile, huge } from './fixtures/extremes.ts';
import { fixtures } from './fixtures/index.ts';
import { canaryFound, violated } from './fixtures/verdicts.ts';
import { workedCase } from './fixtures/worked-case.ts';
import { renderFinding } from './terminal/finding.ts';
import { createPaint } from './terminal/paint.ts';
import { renderTerminal } from './terminal.ts';
import { displayWidth } from './text.ts';

const plain = (verdict: typeof violated, width = 80) => renderTerminal(verdict, { width, colour: false });

it('gives the answer first and the report’s path last', () => {
  const lines = renderTerminal(violated, { width: 80, colour: false, reportPath: 'out/report.html' }).split(
    '\n',
  );
  expect(lines[0]).toMatch(/^VIOLATED {2}Durability does not hold under power-loss/);
  expect(lines.slice(-3)).toEqual([expect.stringMatching(/^Violated: /), 'Report: out/report.html', '']);
});

it('has each replay command whole on a line of its own', () => {
  const lines = plain(violated, 60).split('\n');
  for (const { replay } of violated.scenarios.flatMap(({ findings }) => findings)) {
    expect(lines).toContain(`  ${replay.command}`);
  }
});

it('colours only when asked, and says the same then', () => {
  const coloured = renderTerminal(violated, { width: 80, colour: true });
  expect(plain(violated)).not.toContain('\u001b');
  expect(coloured).toContain('\u001b[');
  expect(stripVTControlCharacters(coloured)).toBe(plain(violated));
});

it('lets nothing that a subject says act on the terminal', () => {
  expect(plain(hostile)).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
});

describe.each([60, 80, 120, 200])('%i columns', (width) => {
  it.each(Object.entries(fixtures).filter(([name]) => name !== 'hostile'))('%s fits', (_name, verdict) => {
    const lines = plain(verdict, width)
      .split('\n')
      .filter((line) => !line.includes('npx powercut replay'));
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
  });
});

it('never shows a canary’s finding as an alarm', () => {
  const text = plain(canaryFound);
  expect(text).toContain('✓ KNOWN BUG  #3');
  expect(text).not.toMatch(/violated|✗/i);
});

it('tells some stories of many, and lists the others', () => {
  const text = plain(huge);
  expect(text.match(/✗ VIOLATED/g)).toHaveLength(5);
  expect(text).toContain('and 35 more');
  expect(text.split('\n').length).toBeLessThan(600);
});

it('tells the worked case of docs/reading-a-report.md as that page shows it', async () => {
  const page = await readFile(new URL('../docs/reading-a-report.md', import.meta.url), 'utf8');
  const story = renderFinding(workedCase, 100, createPaint(false));
  expect(page).toContain(`\`\`\`text\n${story.join('\n')}\n\`\`\``);
});
