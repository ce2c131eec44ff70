import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { probeFuse } from '../../src/faults/fuse/layer.ts';
import { Workplace } from '../fixtures/cli.ts';

const fuse = await probeFuse();
const scenarioFile = (name: string) =>
  fileURLToPath(new URL(`../../scenarios/${name}.yaml`, import.meta.url));

async function torture(work: Workplace, name: string, ...flags: readonly string[]) {
  return work.powercut('torture', scenarioFile(name), ...flags);
}

async function expectReplay(work: Workplace): Promise<void> {
  const [finding] = work.scenario().findings;
  if (finding === undefined) throw new Error('there is no finding');
  const file = join('reports', 'runs', 'latest', finding.replay.file);
  for (const replayed of [finding.replay.token, file]) {
    const { code, stdout } = await work.powercut('replay', replayed);
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('Violated: ') });
  }
}

describe('on the simulated disk', () => {
  it('finds a planted bug, the same one on any number of lanes, and shows it again', async () => {
    using work = new Workplace();
    const verdicts = [];
    for (const jobs of ['1', '2']) {
      const { code } = await torture(work, 'canaries/roll-without-sync', '--layer', 'sim', '--jobs', jobs);
      expect(code).toBe(0);
      verdicts.push(work.scenario());
    }
    expect(verdicts[1]).toEqual(verdicts[0]);
    expect(verdicts[0]?.canary).toMatchObject({ found: true });
    await expectReplay(work);
  });

  it('takes its seed from a commit, and writes a line for each cycle', async () => {
    using work = new Workplace();
    const commit = '00000010'.padEnd(40, 'a');
    const flags = ['--layer', 'sim', '--cycles', '30', '--seed', commit];
    const { code, stderr } = await torture(work, 'reference-wal', ...flags);
    expect(code).toBe(0);
    expect(stderr).toContain(`seed 16, the first 32 bits of commit ${commit}`);
    expect(work.verdict().seed).toBe(16);
    expect(work.scenario().torture).toMatchObject({ cycles: 30 });
    const file = join(work.directory, 'reports', 'runs', 'latest', 'torture.ndjson');
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).cycle)).toEqual([...lines.keys()].map((index) => index + 1));
    expect(lines).toHaveLength(30);
  });

  it('ends when its time is up, and calls what it found by then a verdict', async () => {
    using work = new Workplace();
    const { code } = await torture(work, 'reference-wal', '--layer', 'sim', '--time-limit', '1s');
    expect(code).toBe(0);
    expect(work.scenario().torture?.cycles).toBeGreaterThan(0);
  });

  it('refuses a seed that is neither', async () => {
    using work = new Workplace();
    const { code, stderr } = await torture(work, 'reference-wal', '--seed', 'no-such-commit');
    expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining('a commit') });
  });
});

describe.skipIf(!fuse.available)('on the fuse layer', () => {
  it('finds a planted bug, shows it again, and leaves nothing behind', async () => {
    using work = new Workplace();
    const flags = ['--layer', 'fuse', '--cycles', '60', '--jobs', '2'];
    const { code, stderr } = await torture(work, 'canaries/roll-without-sync', ...flags);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    await expectReplay(work);
    expect(work.leftovers()).toEqual([]);
  });
});
