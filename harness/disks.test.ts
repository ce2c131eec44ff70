import { describe, expect, it } from 'vitest';
import type { ScenarioVerdict, Status } from '../reports/verdict.ts';
import {
  fileSystemsFor,
  isOnDisks,
  joinVerdicts,
  leftOutNotes,
  onFileSystem,
  passedOverNote,
  problemOfProfiles,
  whyNotOnFileSystem,
} from './disks.ts';
import { type Scenario, type ScenarioInput, scenarioSchema } from './scenario.ts';

function scenarioWith(input: Partial<ScenarioInput>): Scenario {
  return scenarioSchema.parse({
    name: 's',
    subject: { driver: ['./driver'] },
    claims: { durability: ['power-loss'] },
    ...input,
  });
}

const loadedWith = (input: Partial<ScenarioInput>) => ({
  scenario: scenarioWith(input),
  file: '/s.yaml',
  directory: '/',
});

describe('the file systems that a scenario is put to the test on', () => {
  it('are those of its profiles that a kernel has', () => {
    expect(fileSystemsFor(scenarioWith({ profiles: ['posix', 'xfs', 'btrfs'] }), undefined)).toEqual([
      'xfs',
      'btrfs',
    ]);
  });

  it('are those that are asked for, if any are', () => {
    expect(fileSystemsFor(scenarioWith({ profiles: ['xfs'] }), ['ext4-no-barrier'])).toEqual([
      'ext4-no-barrier',
    ]);
  });

  it('are the usual one where no profile is a file system, which is told', () => {
    const scenario = scenarioWith({ profiles: ['posix', 'hostile'] });
    expect(fileSystemsFor(scenario, undefined)).toEqual(['ext4-ordered']);
    expect(passedOverNote(scenario, 'block', undefined)).toEqual([
      'Profiles of the model, and not for block: posix, hostile. File systems tested: ext4-ordered.',
    ]);
    expect(passedOverNote(scenario, 'block', ['xfs'])).toEqual([]);
    expect(passedOverNote(scenarioWith({ profiles: ['xfs'] }), 'block', undefined)).toEqual([]);
  });
});

describe('profiles and layers', () => {
  const usual = scenarioWith({});
  it.each([
    ['block', ['posix'], /^posix is a profile of the model, .*on the block layer one of ext4-ordered,/],
    ['dm', ['xfs', 'hostile'], /^hostile is a profile of the model/],
    ['fuse', ['ext4-no-barrier'], /^ext4-no-barrier is a file system of the layers block and dm/],
    ['auto', ['ext4-writeback'], /: name one of posix,/],
  ] as const)('on %s, %s is refused', (layer, wanted, message) => {
    expect(problemOfProfiles(usual, layer, wanted)).toMatch(message);
  });

  it.each([
    ['block', ['ext4-no-barrier', 'xfs']],
    ['fuse', ['posix', 'xfs']],
    ['block', undefined],
    ['auto', undefined],
  ] as const)('on %s, %s is fine', (layer, wanted) => {
    expect(problemOfProfiles(usual, layer, wanted)).toBeUndefined();
  });

  it('a scenario may name a file system that is no profile where its layer has it', () => {
    const profiles = ['ext4-writeback' as const];
    const onBlock = scenarioWith({ layer: 'block', profiles });
    expect(problemOfProfiles(onBlock, 'block', undefined)).toBeUndefined();
    expect(problemOfProfiles(onBlock, 'fuse', undefined)).toMatch(/^ext4-writeback is a file system/);
    expect(() => scenarioWith({ layer: 'fuse', profiles })).toThrow(/needs `layer: block` or `dm`/);
    expect(() => scenarioWith({ profiles })).toThrow(/needs `layer: block` or `dm`/);
  });

  it('disks are what block and dm have', () => {
    expect((['sim', 'fuse', 'block', 'dm', 'auto'] as const).filter(isOnDisks)).toEqual(['block', 'dm']);
  });
});

describe('a scenario on a file system', () => {
  const input: Partial<ScenarioInput> = {
    claims: { durability: ['power-loss', 'process-kill'], progress: ['disk-full'] },
    profiles: ['xfs', 'posix'],
    device: { capacityBytes: 8192, powersafeOverwrite: true },
  };

  it('has what befalls disks, and disks that write 4096 bytes whole', () => {
    const { scenario } = onFileSystem(loadedWith(input), 'xfs', 'block');
    expect(scenario).toMatchObject({
      claims: { durability: ['power-loss'] },
      profiles: ['xfs'],
      device: { unitBytes: 4096, powersafeOverwrite: true },
    });
    expect(scenario.device).not.toHaveProperty('capacityBytes');
    expect(scenario.claims).not.toHaveProperty('progress');
    expect(leftOutNotes(scenarioWith(input), 'block').join()).toMatch(
      'Not tested on block: process-kill, disk-full.',
    );
    expect(leftOutNotes(scenarioWith({}), 'block')).toEqual([]);
  });

  it('has the sectors that it names', () => {
    const { scenario } = onFileSystem(loadedWith({ device: { unitBytes: 512 } }), 'xfs', 'block');
    expect(scenario.device).toEqual({ unitBytes: 512 });
  });
});

describe('one verdict of several file systems', () => {
  const verdictOf = (profile: string, status: Status, found?: boolean): ScenarioVerdict => ({
    name: 's',
    file: 's.yaml',
    layer: 'block',
    volumes: ['data'],
    profiles: [profile],
    status,
    subject: { name: 's', version: '', how: 'driver' },
    workload: { operations: 1, acknowledged: 1, volumeOperations: 1, barriers: 1 },
    cells: [{ claim: 'durability', fault: 'power-loss', profile, status, states: 1 }],
    explorations: [],
    findings: [],
    notes: ['of each', `of ${profile}`],
    ...(found === undefined
      ? {}
      : { canary: { breaks: 'durability', under: 'power-loss', found, states: 2 } }),
  });

  it('is the worst, with the cells of all', () => {
    const joined = joinVerdicts([verdictOf('xfs', 'held'), verdictOf('btrfs', 'unknown')], undefined, [
      'first',
    ]);
    expect(joined.status).toBe('unknown');
    expect(joined.cells.map(({ profile }) => profile)).toEqual(['xfs', 'btrfs']);
    expect(joined.notes).toEqual(['first', 'of each', 'of xfs', 'of btrfs']);
    expect(joined).not.toHaveProperty('canary');
  });

  it('has found a canary that was found wherever it was tested, but where the file system forgives it', () => {
    const canary = { breaks: 'durability', under: 'power-loss' } as const;
    const forgiving = { on: ['btrfs'], why: 'it syncs more' };
    const found = verdictOf('xfs', 'violated', true);
    const missed = verdictOf('btrfs', 'held', false);
    const untested = verdictOf('btrfs', 'not-tested', false);
    expect(joinVerdicts([found, untested], canary, []).canary).toMatchObject({ found: true });
    expect(joinVerdicts([found, missed], canary, []).canary).toMatchObject({ found: false });
    expect(joinVerdicts([found, missed], { ...canary, forgiving }, []).canary).toMatchObject({ found: true });
    expect(joinVerdicts([missed], { ...canary, forgiving }, []).canary).toMatchObject({ found: false });
    expect(joinVerdicts([untested], canary, []).canary).toMatchObject({ found: false });
  });
});

describe('a litmus program', () => {
  const outcomes = [{ outcome: 'f is missing', shown: '^$', allowed: ['xfs'] as ['xfs'] }];
  const program = (fails?: true) =>
    scenarioWith({
      subject: {
        program: [
          { op: 'create', file: 'f' },
          { op: 'fsync', file: 'f', ...(fails && { fails }) },
        ],
      },
      claims: { legality: ['power-loss'] },
      profiles: ['xfs'],
      outcomes,
    });

  it('is asked on block, where an answer is written down and the disk can do it', () => {
    expect(whyNotOnFileSystem(program(), 'xfs', 'block')).toBeUndefined();
    expect(whyNotOnFileSystem(program(), 'ext4-writeback', 'block')).toMatch(/No answer is written down/);
    expect(whyNotOnFileSystem(program(true), 'xfs', 'block')).toMatch(/the fuse layer fails it/);
  });

  it('is not asked on dm, where nobody knows when its last call was made', () => {
    expect(whyNotOnFileSystem(program(), 'xfs', 'dm')).toMatch(/The block layer asks it/);
    expect(whyNotOnFileSystem(scenarioWith({}), 'xfs', 'dm')).toBeUndefined();
  });
});
