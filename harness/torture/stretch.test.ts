import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Lane, openLane } from '../lane/lane.ts';
import { loadScenario } from '../load-scenario.ts';
import type { LoadedScenario } from '../scenario.ts';
import { createWorkload } from '../workload/workload.ts';
import { performLife } from './perform.ts';
import { shrinkLife } from './shrink-life.ts';
import { type CycleReport, stretch } from './stretch.ts';
import { tallyCycles } from './tally.ts';
import { usesOf, type Victim } from './victim.ts';

const folder = fileURLToPath(new URL('../../scenarios/', import.meta.url));
const watcher = { onJudged: () => {}, shouldStop: () => false };

/** Its module as it stands here: the built one has errors of another class than the disk under it. */
function fromSource(loaded: LoadedScenario): LoadedScenario {
  const { subject } = loaded.scenario;
  const module = subject.module?.replace(/dist\/(.*)\.js$/, '$1.ts');
  return { ...loaded, scenario: { ...loaded.scenario, subject: { ...subject, module } } };
}

async function onLane<T>(name: string, work: (lane: Lane, victim: Victim) => Promise<T>): Promise<T> {
  const loaded = fromSource(await loadScenario(`${folder}${name}.yaml`));
  const { scenario } = loaded;
  const lane = await openLane({ loaded, layer: 'sim', seed: 1, directory: tmpdir() });
  try {
    const hello = await lane.recorder.hello();
    const mutations = createWorkload(hello.model, scenario.workload, hello.features, 1);
    const steps = mutations.map((mutation, index) => ({ index, mutation }));
    const { recording } = await lane.recorder.workload(steps, []);
    const { profiles } = scenario;
    return await work(lane, {
      scenario,
      hello,
      uses: usesOf(recording),
      seed: 1,
      profiles,
      isProcess: false,
      isContainer: false,
    });
  } finally {
    await lane.close();
  }
}

const stretchOf = (name: string, count: number, from = 0): Promise<readonly CycleReport[]> =>
  onLane(name, (lane, victim) => stretch(lane, { victim, from, count }, watcher));

describe('correct software survives', () => {
  it.each([
    ['reference-wal', 80],
    ['reference-wal-mirror', 80],
  ] as const)('%s, %i cycles', async (name, count) => {
    const reports = await stretchOf(name, count);
    const broken = reports.flatMap(({ violations }) => violations.map(({ judgement }) => judgement.summary));
    expect(broken).toEqual([]);
    expect(reports.filter(({ failedAlone }) => failedAlone !== undefined)).toEqual([]);
    expect(reports.filter(({ judged }) => judged.size > 0).length).toBeGreaterThan(count * 0.8);
    expect(reports.filter(({ cycle }) => !cycle.afresh).length).toBeGreaterThan(count * 0.4);
    expect(reports.filter(({ befell }) => befell.length > 1).length).toBeGreaterThan(3);
  });
});

describe('a planted bug', () => {
  it('that needs a kill, another start and then a cut is found, and its life shows it again', async () => {
    await onLane('canaries/shows-unsynced', async (lane, victim) => {
      const reports = await stretch(lane, { victim, from: 0, count: 200 }, watcher);
      const first = tallyCycles(reports, 'power-loss').get('stability')?.first;
      if (first === undefined) throw new Error('it was not found');
      const shrunk = await shrinkLife(lane, first, () => false);
      if (shrunk?.violation.origin.kind !== 'torture') throw new Error('it did not show again');
      const { life } = shrunk.violation.origin;
      expect(life.length).toBeGreaterThan(1);
      expect(shrunk.operationsAfter).toBeLessThan(shrunk.operationsBefore);
      const again = await performLife(lane, life);
      expect(again.at(-1)?.run.recording).toEqual(shrunk.violation.run.recording);
    });
  });

  it('is found under two faults only where both are claimed', async () => {
    const reports = await stretchOf('canaries/retries-failed-fsync', 40);
    const { violated, held } = tallyCycles(reports, 'fsync-error').get('durability') ?? {};
    expect(violated).toBeGreaterThan(0);
    expect(held).toBeGreaterThan(0);
    expect(tallyCycles(reports, 'io-error')).toEqual(new Map());
  });
});

it('the same stretch is the same again, whatever the lane did before', async () => {
  const told = (reports: readonly CycleReport[]) =>
    reports.map(({ violations: _violations, ...report }) => report);
  const [once, again] = await onLane('reference-wal-mirror', async (lane, victim) => {
    const task = { victim, from: 40, count: 20 };
    const first = await stretch(lane, task, watcher);
    await stretch(lane, { victim, from: 0, count: 7 }, watcher);
    return [first, await stretch(lane, task, watcher)] as const;
  });
  expect(told(again)).toEqual(told(once));
});
