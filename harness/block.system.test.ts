import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ScenarioVerdict } from '../reports/verdict.ts';
import { fileSystems } from '../src/faults/block/file-systems.ts';
import { probeBlock } from '../src/faults/block/probe.ts';
import { Workplace } from './fixtures/cli.ts';
import { packageRoot } from './package.ts';
import { isInPath } from './programs.ts';
import type { ScenarioInput } from './scenario.ts';

const { available } = await probeBlock();
const canRun = available && fileSystems.every(({ format: [program] }) => isInPath(program));
const kernels = ['ext4-ordered', 'xfs', 'btrfs'];
const compiled = fileURLToPath(new URL('../dist/scenarios', import.meta.url));

const wal: ScenarioInput = {
  name: 'wal',
  subject: { driver: ['node', join(compiled, 'subjects', 'wal-driver.js')] },
  workload: { operations: 4 },
  claims: {
    durability: ['power-loss', 'torn-write', 'process-kill'],
    integrity: ['power-loss', 'bit-rot'],
  },
  profiles: ['ext4-ordered', 'xfs', 'btrfs'],
  explore: { states: 10, kills: 0 },
};

const sqlite: ScenarioInput = {
  ...wal,
  name: 'sqlite',
  subject: {
    driver: ['node', join(compiled, 'subjects', 'sqlite-driver.js')],
    options: { journal_mode: 'WAL', synchronous: 'FULL' },
  },
  claims: { durability: ['power-loss', 'torn-write'] },
};

/** Nothing is flushed on it, so that no log keeps its promises there. */
const unflushed: ScenarioInput = {
  ...wal,
  name: 'unflushed',
  layer: 'block',
  profiles: ['ext4-no-barrier'],
  claims: { durability: ['power-loss'] },
  explore: { states: 20 },
};

function cellsOf({ cells }: ScenarioVerdict): string[] {
  return cells.map(({ claim, fault, profile, status }) => `${claim} ${fault} ${profile} ${status}`);
}

describe.skipIf(!canRun)('on the block layer', () => {
  it('the reference log holds on ext4, xfs and btrfs', async () => {
    using work = new Workplace();
    const { code, stdout } = await work.powercut(
      'run',
      work.write('wal', wal),
      '--layer',
      'block',
      '--canary',
    );
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const [log, canary] = work.verdict().scenarios;
    expect(log).toMatchObject({ layer: 'block', status: 'held', profiles: kernels });
    expect(log?.cells.filter(({ states }) => states === 0)).toEqual([]);
    expect(log?.notes).toContain('Not tested on block: process-kill. The fuse layer has them.');
    expect(canary?.canary).toMatchObject({ found: true });
    expect(work.leftovers()).toEqual([]);
  });

  it('a subject that promises before it syncs is found on ext4, xfs and btrfs', async () => {
    using work = new Workplace();
    const canary = join(packageRoot, 'scenarios', 'canaries', 'ack-before-fsync.yaml');
    const flags = ['--layer', 'block', '--profile', kernels.join(), '--states', '10'];
    expect(await work.powercut('run', canary, ...flags)).toMatchObject({ code: 0 });
    expect(work.scenario().canary).toMatchObject({ found: true });
    expect(cellsOf(work.scenario())).toEqual(kernels.map((name) => `durability power-loss ${name} violated`));
  });

  it('a log that a failed flush is told to keeps what it promised', async () => {
    using work = new Workplace();
    const struck: ScenarioInput = { ...wal, claims: { durability: ['fsync-error', 'io-error'] } };
    const flags = ['--layer', 'block', '--profile', 'ext4-ordered'];
    expect(await work.powercut('run', work.write('struck', struck), ...flags)).toMatchObject({ code: 0 });
    expect(cellsOf(work.scenario())).toEqual([
      'durability fsync-error ext4-ordered held',
      'durability io-error ext4-ordered held',
    ]);
  });

  it('SQLite holds on ext4, xfs and btrfs, on one lane as on two', async () => {
    using work = new Workplace();
    const run = ['run', work.write('sqlite', sqlite), '--layer', 'block'];
    expect(await work.powercut(...run)).toMatchObject({ code: 0 });
    const onTwo = cellsOf(work.scenario());
    expect(onTwo).toHaveLength(6);
    expect(await work.powercut(...run, '--jobs', '1', '--profile', 'xfs')).toMatchObject({ code: 0 });
    expect(cellsOf(work.scenario())).toEqual(onTwo.filter((cell) => cell.includes('xfs')));
  });

  it('a log is refuted on ext4 without barriers; its finding replays from its file, and maybe from its token', async () => {
    using work = new Workplace();
    expect(await work.powercut('run', work.write('unflushed', unflushed))).toMatchObject({ code: 1 });
    expect(cellsOf(work.scenario())).toEqual(['durability power-loss ext4-no-barrier violated']);
    const [finding] = work.scenario().findings;
    expect(finding?.permittedBy.map(({ rule }) => rule)).toContain('nothing is durable before a flush');
    const file = join('reports', 'runs', 'latest', finding?.replay.file ?? '');
    const again = await work.powercut('replay', file);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stdout).toContain('durability under power-loss on ext4-no-barrier');
    const recordedAnew = await work.powercut('replay', finding?.replay.token ?? '');
    // The kernel's threads need not do the same again.
    if (recordedAnew.code !== 1)
      expect(recordedAnew).toMatchObject({ code: 64, stderr: expect.stringContaining('recorded anew') });
  });

  it('a disk that the kernel does not mount is a recovery that was refused', async () => {
    using work = new Workplace();
    const torn: ScenarioInput = {
      ...unflushed,
      profiles: ['ext4-ordered'],
      claims: { availability: ['torn-write'] },
      // A superblock of ext4 is two such sectors.
      device: { unitBytes: 512 },
      workload: { operations: 1 },
      explore: { states: 300, nested: false },
    };
    expect(await work.powercut('run', work.write('torn', torn))).toMatchObject({ code: 1 });
    expect(work.scenario().findings[0]?.summary).toMatch(
      /^recovery did not succeed: .* the kernel does not mount the disk as ext4-ordered: mount: E/,
    );
  });

  it('a command pair holds, also twice, and in shards', async () => {
    using work = new Workplace();
    const template = join(packageRoot, 'scenarios', 'templates', 'sh');
    cpSync(template, work.directory, { recursive: true });
    const flags = ['my-program.yaml', '--layer', 'block', '--states', '20'];
    expect(await work.powercut('run', ...flags, '--double-check')).toMatchObject({ code: 0 });
    expect(cellsOf(work.scenario())).toEqual(['durability power-loss ext4-ordered held']);
    expect(work.scenario().notes).toContain(
      'Profiles of the model, and not for block: posix. File systems tested: ext4-ordered.',
    );
    for (const part of ['1/2', '2/2'])
      expect(await work.powercut('run', ...flags, '--shard', part)).toMatchObject({ code: 0 });
  });

  it('leaving out barriers, and torture, are the fuse layer’s', async () => {
    using work = new Workplace();
    const scenario = work.write('sqlite', sqlite);
    const mutated = await work.powercut('mutate', scenario, '--layer', 'block');
    expect(mutated.code).toBe(69);
    expect(mutated.stdout.replace(/\s+/g, ' ')).toContain(
      "the flushes of its file system, and not the subject's",
    );
    const tortured = await work.powercut('torture', scenario, '--layer', 'block', '--cycles', '2');
    expect(tortured.code).toBe(69);
    expect(tortured.stdout.replace(/\s+/g, ' ')).toContain('torture on the fuse layer');
  });

  it('a file system without its program is not tested, and the others are', async () => {
    using work = new Workplace();
    const programs = join(work.directory, 'programs');
    mkdirSync(programs);
    const unwanted = new Set(['mkfs.xfs', 'mkfs.btrfs']);
    for (const folder of (process.env.PATH ?? '').split(':').filter((path) => existsSync(path)))
      for (const name of readdirSync(folder))
        if (!unwanted.has(name) && !existsSync(join(programs, name)))
          symlinkSync(join(folder, name), join(programs, name));
    work.environment = { PATH: programs };
    const { code, stdout } = await work.powercut(
      'run',
      work.write('sqlite', { ...sqlite, explore: { states: 4 } }),
      '--layer',
      'block',
    );
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(new Set(work.scenario().cells.map(({ status, why = '' }) => `${status} ${why}`))).toEqual(
      new Set([
        'held ',
        expect.stringMatching(/^not-tested mkfs.xfs is not there: .*xfsprogs/),
        expect.stringMatching(/^not-tested mkfs.btrfs is not there: .*btrfs-progs/),
      ]),
    );
    rmSync(programs, { recursive: true });
  });
});

describe('what the block layer is not asked', () => {
  it.each([
    [['--layer', 'block', '--profile', 'posix'], 'posix is a profile of the model'],
    [['--layer', 'fuse', '--profile', 'ext4-no-barrier'], 'ext4-no-barrier is a file system'],
    [['--profile', 'ext4-writeback'], 'ext4-writeback is a file system'],
    [['--layer', 'block', '--profile', 'ext5'], 'ext4-no-barrier.'],
  ])('%s is wrong use', async (flags, message) => {
    using work = new Workplace();
    const { code, stderr } = await work.powercut('run', work.write('wal', wal), ...flags);
    expect(code).toBe(64);
    expect(stderr).toContain(message);
    expect(work.hasReport()).toBe(false);
  });

  it('a file system that is no profile is for scenarios whose layer has it', async () => {
    using work = new Workplace();
    const { code, stderr } = await work.powercut('run', work.write('s', { ...unflushed, layer: 'fuse' }));
    expect(code).toBe(64);
    expect(stderr).toContain('`ext4-no-barrier` is a file system: it needs `layer: block` or `dm`');
  });
});
