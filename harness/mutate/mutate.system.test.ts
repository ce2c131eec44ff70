import { describe, expect, it } from 'vitest';
import { programPath } from '../../src/program.ts';
import { Workplace } from '../fixtures/cli.ts';
import type { ScenarioInput } from '../scenario.ts';

const oddBarriers: ScenarioInput = {
  name: 'odd-barriers',
  subject: { module: programPath('harness/mutate/fixtures/odd-barriers') },
  workload: { operations: 8, valueBytesMax: 300 },
  claims: { durability: ['process-kill', 'power-loss'], order: ['power-loss'], availability: ['power-loss'] },
  profiles: ['posix'],
};

const nobodyNeeds = { barrier: 'fsync lock', why: 'nothing changes in it' };
const nobodyNotices = { barrier: 'fsync count', why: 'nobody reads the count' };
const atOpen = { barrier: 'fsync log', why: 'what was cut off at open is cut off again' };

function accepting(...redundant: readonly (typeof nobodyNeeds)[]): ScenarioInput {
  return { ...oddBarriers, mutation: { redundant: [...redundant] } };
}

function mutate(work: Workplace, scenario: ScenarioInput, ...flags: readonly string[]) {
  return work.powercut('mutate', work.write('odd', scenario), '--states', '100', ...flags);
}

describe('powercut mutate', () => {
  it('tells a barrier that is missed from one that is covered and one that nobody notices', async () => {
    using work = new Workplace();
    const ended = await mutate(work, oddBarriers);
    const { mutation, findings, status, cells } = work.scenario();
    const rows = new Map(mutation?.barriers.map((row) => [row.name, row]));
    expect(Object.fromEntries([...rows].map(([name, row]) => [name, row.status]))).toEqual({
      'fsync / before truncate log': 'detected',
      'fsync log before write log': 'redundant',
      'fdatasync log before fsync lock': 'detected',
      'fsync lock before write count': 'redundant',
      'fsync count before acknowledgement': 'undetected',
      'fsync / before truncate log in recovery': 'detected',
      'fsync log before acknowledgement in recovery': 'undetected',
    });
    const log = rows.get('fdatasync log before fsync lock');
    expect(log?.breaks[0]).toMatchObject({ claim: 'durability', fault: 'power-loss', profile: 'posix' });
    expect(findings.find(({ id }) => id === log?.finding)?.crash).toMatch(/^Left out: fdatasync log before/);
    expect(rows.get('fsync lock before write count')?.coveredBy).toContain('fsync / before truncate log');
    expect(rows.get('fsync count before acknowledgement')?.states).toBeGreaterThanOrEqual(100);
    expect(cells.every((cell) => cell.status === 'held')).toBe(true);
    expect({ status, code: ended.code }).toEqual({ status: 'violated', code: 1 });
    expect(ended.stdout).toContain('undetected: fsync count before acknowledgement');
    expect(work.leftovers()).toEqual([]);
  });

  it('answers 0 where the scenario says why, 2 where it is silent about one that is covered', async () => {
    using work = new Workplace();
    expect((await mutate(work, accepting(nobodyNotices, atOpen, nobodyNeeds))).code).toBe(0);
    expect(work.scenario().mutation?.barriers.filter(({ accepted }) => accepted)).toHaveLength(4);
    expect((await mutate(work, accepting(nobodyNotices, atOpen))).code).toBe(2);
  });

  it('says what the scenario accepts in vain', async () => {
    using work = new Workplace();
    const needed = { barrier: 'fdatasync log before fsync lock', why: 'a mistake' };
    const unheardOf = { barrier: 'fsync nothing', why: 'a mistake' };
    await mutate(work, accepting(needed, unheardOf));
    expect(work.scenario().notes).toEqual([
      'The scenario accepts "fdatasync log before fsync lock" as redundant: a claim breaks without it.',
      'The scenario accepts "fsync nothing" as redundant: this run has no such barrier.',
    ]);
  });

  it('leaves none out where a claim breaks with all of them in place', async () => {
    using work = new Workplace();
    const options = { syncs: false };
    const { code } = await mutate(work, { ...oddBarriers, subject: { ...oddBarriers.subject, options } });
    const { mutation, notes, status } = work.scenario();
    expect({ code, status, mutation }).toEqual({ code: 1, status: 'violated', mutation: undefined });
    expect(notes.at(-1)).toMatch(/^No barrier was left out/);
  });

  it('is the same for any number of lanes, and a finding shows again from its token', async () => {
    using work = new Workplace();
    await mutate(work, oddBarriers, '--jobs', '1');
    const one = work.scenario();
    await mutate(work, oddBarriers, '--jobs', '2');
    expect(work.scenario()).toEqual(one);
    const { code, stdout } = await work.powercut('replay', one.findings[0]?.replay.token ?? '');
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('Left out: fsync /') });
  });

  it('has nothing to say of claims that no missing barrier can break', async () => {
    using work = new Workplace();
    const { code } = await mutate(work, { ...oddBarriers, claims: { durability: ['process-kill'] } });
    expect(code).toBe(2);
    expect(work.scenario().notes[0]).toMatch(/claims nothing under power-loss or torn-write/);
  });
});
