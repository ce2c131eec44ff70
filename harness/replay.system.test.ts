import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeBlock } from '../src/faults/block/probe.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { Workplace } from './fixtures/cli.ts';
import { packageRoot } from './package.ts';
import { isInPath } from './programs.ts';
import { decodeReplayFile, encodeReplayFile } from './replay-file.ts';
import { encodeToken } from './replay-token.ts';
import type { ScenarioInput } from './scenario.ts';
import { pathTo } from './vm/fixtures/programs.ts';

const canRun = (await probeFuse()).available && (await probeBlock()).available && isInPath('mkfs.ext4');

const unflushed: ScenarioInput = {
  name: 'unflushed',
  subject: { driver: ['node', join(packageRoot, 'dist', 'scenarios', 'subjects', 'wal-driver.js')] },
  layer: 'block',
  profiles: ['ext4-no-barrier'],
  claims: { durability: ['power-loss'] },
  workload: { operations: 2 },
  explore: { states: 20, nested: false },
};

describe.skipIf(!canRun)('a finding of disks', () => {
  it('made on dm shows from its file without device-mapper; what lacks is told, with the way to it', async () => {
    using work = new Workplace();
    expect(await work.powercut('run', work.write('unflushed', unflushed))).toMatchObject({ code: 1 });
    const made = join(work.directory, 'reports/runs/latest', work.scenario().findings[0]?.replay.file ?? '');
    const { plan, run } = decodeReplayFile(readFileSync(made, 'utf8'), made);
    // Both layers make the same kind of recording.
    const onDm = { ...plan, layer: 'dm' as const };
    writeFileSync(join(work.directory, 'dm.json'), encodeReplayFile({ plan: onDm, run }));

    // Whatever the kernel has: nobody can use it.
    work.environment = { PATH: pathTo(join(work.directory, 'no-dm'), { dmsetup: 'exit 1' }) };
    const shown = await work.powercut('replay', 'dm.json');
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringContaining('on ext4-no-barrier') });
    const token = encodeToken(onDm);
    const recordedAnew = await work.powercut('replay', token);
    expect(recordedAnew).toMatchObject({
      code: 69,
      stderr: expect.stringContaining(`powercut vm -- replay ${token}`),
    });
    expect(recordedAnew.stderr).toContain('it takes device-mapper to show it');
    expect(await work.lastingLeftovers()).toEqual([]);
  });
});
