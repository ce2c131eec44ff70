import { describe, expect, it } from 'vitest';
import { fixtures } from './fixtures/index.ts';
import { renderGithub } from './github.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderTerminal } from './terminal.ts';
import type { Verdict } from './verdict.ts';

const reportPath = 'reports/runs/latest/report.html';
const renderers: Readonly<Record<string, (verdict: Verdict) => string>> = {
  '80.txt': (verdict) => renderTerminal(verdict, { width: 80, colour: false, reportPath }),
  '120.txt': (verdict) => renderTerminal(verdict, { width: 120, colour: false, reportPath }),
  md: renderMarkdown,
  'junit.xml': renderJunit,
  'github.txt': renderGithub,
  html: (verdict) => textual(renderHtml(verdict)),
};

/** The page without its style sheet, script and data, which say nothing about this verdict that the rest does not. */
function textual(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/, '<style></style>')
    .replace(/<script[\s\S]*<\/script>/, '')
    .replaceAll(/sha256-[^']+/g, 'sha256-');
}

describe.each(Object.entries(fixtures))('%s', (name, verdict) => {
  it.each(Object.entries(renderers))('%s', async (extension, render) => {
    const text = render(verdict);
    expect(render(verdict)).toBe(text);
    await expect(text).toMatchFileSnapshot(`__snapshots__/${name}.${extension}.snap`);
  });
});
