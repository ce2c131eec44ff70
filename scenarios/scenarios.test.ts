import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Scenario, scenarioSchema } from '../harness/scenario.ts';
import { variants } from './canaries/variants.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

function load(folder: string): Scenario[] {
  return readdirSync(join(here, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => {
      const scenario = scenarioSchema.parse(parse(readFileSync(join(here, folder, name), 'utf8')));
      expect(scenario.name).toBe(basename(name, '.yaml'));
      return scenario;
    });
}

test('each scenario file is valid and named as its scenario', () => {
  expect(load('.').map(({ name }) => name)).toContain('reference-wal');
});

describe('canaries', () => {
  const canaries = load('canaries');
  const planted = canaries.filter(({ canary }) => canary !== undefined);
  /** One with each number of copies. */
  const twins = canaries.filter(({ canary }) => canary === undefined);

  test('each planted bug has a scenario, which plants it and must find it', () => {
    const bugs = Object.keys(variants).filter((variant) => variant !== 'honest');
    expect(planted.map(({ name }) => name).sort()).toEqual(bugs.sort());
    for (const { name, subject } of planted) expect(subject.options).toMatchObject({ variant: name });
    for (const { subject } of twins) expect(subject.options).toMatchObject({ variant: 'honest' });
  });

  test('docs/canaries.md has a row for each', () => {
    const page = readFileSync(join(here, '..', 'docs', 'canaries.md'), 'utf8');
    const rows = planted.map(({ name, canary }) => {
      const bug = Object.entries(variants).find(([variant]) => variant === name)?.[1];
      return `| \`${name}\` | ${bug} | \`${canary?.breaks}\` | \`${canary?.under}\` |`;
    });
    expect(page.replace(/ +/g, ' ').split('\n')).toEqual(expect.arrayContaining(rows));
  });

  test.each(planted)('the honest log claims what $name must break', ({ canary, profiles, volumes }) => {
    const honest = twins.find((twin) => twin.volumes.length === volumes.length);
    if (canary === undefined) throw new Error('a canary says what it breaks');
    expect(honest?.claims[canary.breaks]).toContain(canary.under);
    expect(honest?.profiles).toEqual(expect.arrayContaining(profiles));
  });
});
