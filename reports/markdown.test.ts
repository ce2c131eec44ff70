import { expect, it } from 'vitest';
import { hostile, huge } from './fixtures/extremes.ts';
import { allHeld, canaryFound } from './fixtures/verdicts.ts';
import { renderMarkdown } from './markdown.ts';

it('fits into a comment, and counts what does not', () => {
  const text = renderMarkdown(huge);
  expect(text.length).toBeLessThan(65_536);
  expect(text).toMatch(/_\d+ further sections did not fit here: see report.html of this run._/);
});

it('lets no text be HTML, a table’s column, a mention, a link or an issue', () => {
  // Outside fenced blocks, where nothing has a meaning.
  const outside = renderMarkdown(hostile).replaceAll(/^(`{3,}).*\n[\s\S]*?\n\1$/gm, '');
  expect(outside).not.toMatch(/<(script|img)/);
  expect(outside).not.toMatch(/(?<!\\)\| pipe/);
  expect(outside).not.toMatch(/@everyone|#42|https:\/\/example/);
  expect(outside).not.toMatch(/(?<!\\)\*bold|(?<!\\)\[link/);
});

it('no line of a fenced block can end it', () => {
  const text = renderMarkdown({
    ...hostile,
    scenarios: hostile.scenarios.map((scenario) => ({
      ...scenario,
      findings: scenario.findings.map((finding) => ({
        ...finding,
        expected: ['```', '</details>'],
        recovered: ['````'],
      })),
    })),
  });
  expect(text).toContain('`````diff\n-```\n-</details>\n+````\n`````');
});

it('folds a canary’s story, and marks it as a success', () => {
  const text = renderMarkdown(canaryFound);
  expect(text).toMatch(/^## ✅ powercut: canary found/);
  expect(text).toMatch(/<details><summary>✅ Canary’s finding 3/);
  expect(text).not.toContain('❌');
});

it('says what held means', () => {
  expect(renderMarkdown(allHeld)).toContain('“Held” means: in these states. It is not a proof.');
});
