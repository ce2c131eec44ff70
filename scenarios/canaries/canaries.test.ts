import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ExploredFault } from '../../harness/exploration.ts';
import { explore } from '../../harness/explore.ts';
import { openLane } from '../../harness/lane/lane.ts';
import { loadScenario } from '../../harness/load-scenario.ts';
import type { LoadedScenario } from '../../harness/scenario.ts';
import { createWorkload } from '../../harness/workload/workload.ts';
import type { Claim } from '../../reports/verdict.ts';

/** Explores one fault of a scenario on the simulated disk, and answers what was found of each claim. */
async function violations(
  loaded: LoadedScenario,
  fault: ExploredFault,
  profile: string,
  statesMax: number,
): Promise<string[]> {
  const { scenario } = loaded;
  const seed = 1;
  const lane = await openLane({ loaded, layer: 'sim', seed, directory: tmpdir() });
  try {
    const { model, features } = await lane.recorder.hello();
    const mutations = createWorkload(model, scenario.workload, features, seed);
    const run = await lane.recorder.workload(
      mutations.map((mutation, index) => ({ index, mutation })),
      [],
    );
    const claims = (Object.keys(scenario.claims) as Claim[]).filter((claim) =>
      scenario.claims[claim]?.includes(fault),
    );
    const limit = Math.min(statesMax, scenario.explore.states);
    const share = { index: 0, count: 1 };
    const task = { run, fault, profile, claims, seed, limit, nested: true, share };
    const result = await explore(lane, task, { onJudged: () => {}, shouldStop: () => false });
    expect(result.judged).toBeGreaterThan(10);
    return [...result.tallies].flatMap(([claim, { violated, first }]) =>
      violated === 0 ? [] : [`${claim}: ${first?.judgement.summary}`],
    );
  } finally {
    await lane.close();
  }
}

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
  const honest = scenarios.find(({ scenario }) => scenario.name === 'honest');
  const faults = ['process-kill', 'power-loss', 'torn-write', 'fsync-error', 'bit-rot'] as const;
  const profiles = honest?.scenario.profiles ?? [];
  test.each(faults.flatMap((fault) => profiles.map((profile) => ({ fault, profile }))))(
    'under $fault on $profile',
    async ({ fault, profile }) => {
      if (honest === undefined) throw new Error('honest.yaml is not there');
      expect(await violations(honest, fault, profile, 600)).toEqual([]);
    },
  );
});
