import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { restFaults } from '../../harness/at-rest.ts';
import type { ExploredFault } from '../../harness/exploration.ts';
import { loadScenario } from '../../harness/load-scenario.ts';
import { violations } from './fixtures/violations.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const scenarios = await Promise.all(
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => loadScenario(`${folder}${name}`)),
);

describe('each planted bug breaks the claim that its scenario says', () => {
  test.each(
    scenarios.flatMap((loaded) => {
      const { name, canary, profiles } = loaded.scenario;
      return canary === undefined ? [] : [{ name, loaded, canary, profile: profiles[0] ?? 'posix' }];
    }),
  )('$name', async ({ loaded, canary, profile }) => {
    const found = await violations(loaded, canary.under as ExploredFault, profile, 4000);
    expect(found).toEqual([expect.stringMatching(`^${canary.breaks}: `)]);
  });
});

describe('the honest log keeps every claim', () => {
  test.each(
    scenarios.flatMap((loaded) => {
      const { name, canary, claims, profiles } = loaded.scenario;
      if (canary !== undefined) return [];
      const faults = [...new Set(Object.values(claims).flat())] as ExploredFault[];
      return faults.flatMap((fault) => {
        const isAtRest = restFaults.some((one) => one === fault);
        return (isAtRest ? ['posix'] : profiles).map((profile) => ({ name, loaded, fault, profile }));
      });
    }),
  )('$name under $fault on $profile', async ({ loaded, fault, profile }) => {
    expect(await violations(loaded, fault, profile, 600)).toEqual([]);
  });
});
