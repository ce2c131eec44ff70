import { expect, it } from 'vitest';
import { fixtures } from './fixtures/index.ts';
import { violated } from './fixtures/verdicts.ts';
import { parseVerdict, VerdictFileError } from './schema.ts';
import { renderJson } from './write.ts';

it.each(Object.entries(fixtures))('%s: what was written is what is read', (_name, verdict) => {
  expect(parseVerdict(renderJson(verdict), 'verdict.json')).toEqual(verdict);
});

function problem(text: string): { code: string; message: string } {
  try {
    parseVerdict(text, 'runs/7/verdict.json');
  } catch (error) {
    if (error instanceof VerdictFileError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('expected the verdict to be refused');
}

it('says that a file is cut short', () => {
  const { code, message } = problem(renderJson(violated).slice(0, 500));
  expect(code).toBe('not-json');
  expect(message).toMatch(/^runs\/7\/verdict.json is not JSON: .*Was it cut short\?$/);
});

it('says that a file is something else', () => {
  expect(problem('{"name": "powercut"}')).toEqual({
    code: 'not-a-verdict',
    message: expect.stringContaining('Give the verdict.json of a run'),
  });
});

it('says that a file is of another version', () => {
  expect(problem(JSON.stringify({ ...violated, schemaVersion: 2 }))).toEqual({
    code: 'other-version',
    message:
      'runs/7/verdict.json has schemaVersion 2; this powercut reads 1. Use the powercut that wrote it, or run the scenarios again.',
  });
});

it('names each place that is wrong, and how', () => {
  const [first, second, ...others] = violated.scenarios;
  const scenarios = [
    first,
    { ...second, layer: 3, findings: [{ ...second?.findings[0], claim: 'speed' }] },
    ...others,
  ];
  const { code, message } = problem(JSON.stringify({ ...violated, scenarios }));
  expect(code).toBe('invalid');
  expect(message).toContain('scenarios[1].layer: Invalid input: expected string, received number');
  expect(message).toContain('scenarios[1].findings[0].claim: Invalid option: expected one of "durability"');
});

it('shows the first ten problems of many', () => {
  const scenarios = Array.from({ length: 40 }, () => 7);
  expect(problem(JSON.stringify({ ...violated, scenarios })).message).toContain('and 30 more');
});

it('ignores a field that it does not know', () => {
  const text = JSON.stringify({ ...violated, later: true });
  expect(parseVerdict(text, 'verdict.json')).toEqual(violated);
});
