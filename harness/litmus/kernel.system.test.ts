import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fileSystems } from '../../src/faults/block/file-systems.ts';
import { probeBlock } from '../../src/faults/block/probe.ts';
import { Workplace } from '../fixtures/cli.ts';
import { packageRoot } from '../package.ts';
import { isInPath } from '../programs.ts';
import type { ScenarioInput } from '../scenario.ts';

const { available } = await probeBlock();
const canRun = available && fileSystems.every(({ format: [program] }) => isInPath(program));

const fileOf = (name: string) => join(packageRoot, 'scenarios', 'litmus', `${name}.yaml`);

function programOf(name: string): ScenarioInput {
  return parse(readFileSync(fileOf(name), 'utf8')) as ScenarioInput;
}

describe.skipIf(!canRun)('litmus programs on the block layer', () => {
  it('find on ext4, xfs and btrfs only what the profiles of these names allow', async () => {
    using work = new Workplace();
    const files = ['create-write', 'create-fsync', 'rename-across-directories'].map(fileOf);
    const { code, stderr } = await work.powercut('run', ...files, '--layer', 'block', '--states', '60');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [created, synced, moved] = work.verdict().scenarios;
    for (const scenario of [created, synced, moved]) {
      expect(scenario?.cells.map(({ profile, status }) => [profile, status])).toEqual([
        ['ext4-ordered', 'held'],
        ['ext4-data-journal', 'held'],
        ['xfs', 'held'],
        ['btrfs', 'held'],
      ]);
    }
    const foundOn = (profile: string, of: typeof created) =>
      of?.explorations.find((one) => one.profile === profile)?.outcomes?.found;
    // Seen only where the metadata is committed before the data is written back.
    expect(foundOn('ext4-ordered', created)).toEqual(expect.arrayContaining(['f is empty', 'f is missing']));
    expect(foundOn('xfs', synced)).toEqual([]);
    expect(foundOn('btrfs', moved)).toEqual(['both names']);
    expect(foundOn('xfs', moved)).toEqual([]);
    expect(work.leftovers()).toEqual([]);
  });

  it('are sound, all that can be asked, in a few states each', { timeout: 900_000 }, async () => {
    using work = new Workplace();
    const suite = join(packageRoot, 'scenarios', 'litmus');
    const { code, stderr } = await work.powercut('run', suite, '--layer', 'block', '--states', '30');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const asked = work.verdict().scenarios.filter(({ status }) => status !== 'not-tested');
    expect(asked.length).toBeGreaterThanOrEqual(40);
    for (const { name, cells } of asked)
      expect([name, ...cells.map(({ status }) => status)]).toEqual([name, 'held', 'held', 'held', 'held']);
    expect(work.leftovers()).toEqual([]);
  });

  it('find what a profile is wrong to forbid, and show it again', async () => {
    using work = new Workplace();
    const { outcomes = [], ...program } = programOf('create-write');
    const tooStrict = outcomes.map((outcome) => ({ ...outcome, allowed: [] }));
    const file = work.write('strict', { ...program, outcomes: tooStrict });
    const settings = ['--layer', 'block', '--profile', 'xfs', '--states', '40'];
    const { code } = await work.powercut('run', file, ...settings);
    expect(code).toBe(1);
    const { cells, findings } = work.scenario();
    expect(cells.map(({ profile, status }) => [profile, status])).toEqual([['xfs', 'violated']]);
    const [finding] = findings;
    expect(finding?.summary).toMatch("xfs is written down to forbid it, and the kernel's own xfs shows it");
    const again = await work.powercut('replay', finding?.replay.token ?? '');
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('Violated: ') });
    expect(work.leftovers()).toEqual([]);
  });

  it('have something to find in each part of a run', async () => {
    using work = new Workplace();
    const settings = ['--layer', 'block', '--profile', 'xfs', '--jobs', '2', '--states', '60'];
    const parts: number[] = [];
    for (const part of ['1/2', '2/2']) {
      const { code } = await work.powercut('run', fileOf('create-write'), ...settings, '--shard', part);
      const { cells, explorations } = work.scenario();
      expect({ code, status: cells[0]?.status }).toEqual({ code: 0, status: 'held' });
      parts.push(explorations[0]?.images ?? 0);
    }
    expect(Math.min(...parts)).toBeGreaterThan(0);
  });

  it('are left out where no disk can be asked them', async () => {
    using work = new Workplace();
    const files = ['failed-fsync', 'capacity', 'tear-in-units-of-16384', 'no-powersafe-overwrite'].map(
      fileOf,
    );
    const { code } = await work.powercut('run', ...files, '--layer', 'block');
    expect(code).toBe(69);
    expect(work.verdict().scenarios.map(({ status }) => status)).toEqual(files.map(() => 'not-tested'));
    const answered = await work.powercut(
      'run',
      fileOf('create-fsync'),
      '--layer',
      'block',
      '--profile',
      'ext4-writeback',
    );
    expect(answered.code).toBe(69);
    expect(work.scenario().notes.join()).toContain('No answer is written down for ext4-writeback');
  });
});
