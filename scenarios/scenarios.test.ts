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
  const honest = canaries.find(({ name }) => name === 'honest');

  test('each planted bug has a scenario, which plants it and must find it', () => {
    expect(canaries.map(({ name }) => name).sort()).toEqual(Object.keys(variants).sort());
    for (const { name, subject, canary } of canaries) {
      expect(subject.options).toMatchObject({ variant: name });
      expect(canary === undefined).toBe(name === 'honest');
    }
  });

  test.each(canaries.filter(({ canary }) => canary !== undefined))(
    'the honest log claims what $name must break',
    ({ canary, profiles }) => {
      if (canary === undefined) throw new Error('a canary says what it breaks');
      expect(honest?.claims[canary.breaks]).toContain(canary.under);
      expect(honest?.profiles).toEqual(expect.arrayContaining(profiles));
    },
  );
});
