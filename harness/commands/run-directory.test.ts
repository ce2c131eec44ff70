import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRunDirectory, keepRun, pruneRuns, removeIfEmpty } from './run-directory.ts';

let runs = '';
beforeEach(() => {
  runs = join(mkdtempSync(join(tmpdir(), 'powercut-runs-')), 'reports', 'runs');
});
afterEach(() => rmSync(join(runs, '..', '..'), { recursive: true }));

const at = new Date('2026-03-14T15:09:26.535Z');
const verdictText = (status: string, more = {}) =>
  JSON.stringify({ schema: 'powercut-verdict', schemaVersion: 1, status, ...more });
const finishedRun = (second: number, text: string) => {
  const directory = createRunDirectory(runs, new Date(at.getTime() + second * 1000), ['a']);
  writeFileSync(join(directory, 'verdict.json'), text);
  return directory;
};

it('a run directory says when and what, and is never used twice', () => {
  const names = [['git'], ['git'], ['git', 'sqlite', 'wal']].map((scenarios) =>
    basename(createRunDirectory(runs, at, scenarios)),
  );
  expect(names).toEqual(['20260314-150926-git', '20260314-150926-git-2', '20260314-150926-git-and-2-more']);
});

it('where no directory can be made, that is wrong use', () => {
  writeFileSync(join(runs, '..', '..', 'file'), '');
  for (const [place, why] of [
    [join('/proc', 'powercut', 'runs'), 'ENOENT'],
    [join(runs, '..', '..', 'file'), 'ENOTDIR'],
    [join(runs, '..', '..', 'file', 'runs'), 'ENOTDIR'],
  ] as const)
    expect(() => createRunDirectory(place, at, ['a'])).toThrow(
      expect.objectContaining({ exitCode: 64, message: expect.stringContaining(why) }),
    );
});

it('runs in which all held are pruned; the newest, the kept and all others stay', () => {
  const old = finishedRun(0, verdictText('held'));
  const kept = finishedRun(1, verdictText('held'));
  keepRun(kept);
  const stay = [
    kept,
    finishedRun(2, verdictText('violated')),
    finishedRun(3, verdictText('unknown')),
    finishedRun(4, verdictText('held', { interrupted: 'SIGINT' })),
    finishedRun(5, '{"cut sho'),
    createRunDirectory(runs, at, ['under-way']),
    finishedRun(6, verdictText('held')),
  ];
  pruneRuns(runs, stay.at(-1) ?? '');
  expect(existsSync(old)).toBe(false);
  expect(readdirSync(runs).sort()).toEqual(stay.map((directory) => basename(directory)).sort());
});

it("what is not a run is not touched, though it looks like a verdict's directory", () => {
  mkdirSync(join(runs, 'mine'), { recursive: true });
  writeFileSync(join(runs, 'mine', 'verdict.json'), verdictText('held'));
  pruneRuns(runs, '');
  expect(existsSync(join(runs, 'mine', 'verdict.json'))).toBe(true);
});

it('a directory is removed only while nothing is in it', () => {
  const directory = createRunDirectory(runs, at, ['a']);
  writeFileSync(join(directory, 'x'), '');
  expect(removeIfEmpty(directory)).toBe(false);
  rmSync(join(directory, 'x'));
  expect(removeIfEmpty(directory)).toBe(true);
  expect(existsSync(directory)).toBe(false);
});
