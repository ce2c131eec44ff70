import { expect, it } from 'vitest';
import { hostile, huge } from './fixtures/extremes.ts';
import { allHeld, canaryFound, canaryMissed, violated } from './fixtures/verdicts.ts';
import { renderGithub } from './github.ts';

it('is empty when there is nothing to act on, a canary’s known bug included', () => {
  expect(renderGithub(allHeld)).toBe('');
  expect(renderGithub(canaryFound)).toBe('');
});

it('warns when a canary was not found', () => {
  expect(renderGithub(canaryMissed)).toMatch(/^::warning .*canary not found/);
});

it('shows at most ten of a kind', () => {
  const lines = renderGithub(huge).trimEnd().split('\n');
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toBe('::error::and 51 more: see the report');
});

it('is one command a line, whatever a text holds', () => {
  for (const verdict of [violated, hostile]) {
    for (const line of renderGithub(verdict).trimEnd().split('\n')) {
      expect(line).toMatch(/^::(error|warning) (file=[^:,]*,)?title=[^:,]*::[^\r\n]+$/);
    }
  }
});
