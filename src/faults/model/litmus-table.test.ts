import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { litmus, renderTable, tableProfiles } from './fixtures/litmus.ts';
import { outcomes } from './fixtures/outcomes.ts';

describe.each(litmus)('$program', ({ recording, fault, questions }) => {
  it.each(tableProfiles)('%s', (profile) => {
    const shown = outcomes(recording, profile, fault);
    const allowed = questions.map((question) => ({
      outcome: question.outcome,
      allowed: shown?.some((one) => question.shown.test(one)),
    }));
    expect(allowed).toEqual(
      questions.map(({ outcome, allowedBy }) => ({ outcome, allowed: allowedBy.includes(profile) })),
    );
  });

  it('everything may be lost on a disk that lies, and nothing has to be', () => {
    const lying = outcomes(recording, 'lying-disk', fault);
    const honest = outcomes(recording, 'posix', fault) ?? [];
    expect(honest.filter((one) => lying?.includes(one) !== true)).toEqual([]);
  });
});

/** A formatter pads the columns of a table. */
function unpadded(markdown: string): string {
  return markdown.replace(/ +/g, ' ').replace(/:?-{2,}:?|:-:/g, '-');
}

describe('the table in docs/fault-model.md', () => {
  it('is the one that the litmus programs were judged by', () => {
    const page = readFileSync(new URL('../../../docs/fault-model.md', import.meta.url), 'utf8');
    expect(unpadded(page)).toContain(unpadded(renderTable()));
  });
});
