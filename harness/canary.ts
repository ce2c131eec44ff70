import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioVerdict } from '../reports/verdict.ts';
import type { LayerName } from '../src/faults/layer.ts';
import { loadScenario } from './load-scenario.ts';
import { packageRoot } from './package.ts';
import type { LoadedScenario } from './scenario.ts';
import { runScenario, type ScenarioContext } from './scenario-run.ts';

/** The known bug that `--canary` looks for: on any layer a handful of crash states shows it. */
export function loadCanary(): Promise<LoadedScenario> {
  return loadScenario(join(packageRoot, 'scenarios', 'canaries', 'ack-before-fsync.yaml'));
}

/** Enough to find it several times over. */
const statesMax = 30;

/**
 * Puts the canary to the test on a layer that the run uses. What the run was asked (seed, profiles, budget, shard) is not for the
 * canary: it has to be found in every run alike. Only whether it was is told, not its story.
 */
export async function judgeCanary(
  { scenario, ...from }: LoadedScenario,
  layer: LayerName,
  context: ScenarioContext,
): Promise<ScenarioVerdict> {
  const { jobs, signal, outputDirectory } = context.options;
  const directory = join(outputDirectory, 'canary');
  const loaded = {
    ...from,
    scenario: {
      ...scenario,
      name: `${scenario.name}-on-${layer}`,
      explore: { ...scenario.explore, states: statesMax, nested: false },
    },
  };
  mkdirSync(directory);
  try {
    const verdict = await runScenario(
      loaded,
      { kind: 'use', layer },
      {
        ...context,
        options: { seed: 1, jobs, signal, doubleCheck: false, outputDirectory: directory },
        findingsBefore: 0,
        onFound: () => {},
      },
    );
    return { ...verdict, cells: verdict.cells.map(({ finding: _, ...cell }) => cell), findings: [] };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
