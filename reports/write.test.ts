import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { allHeld, violated } from './fixtures/verdicts.ts';
import { parseVerdict } from './schema.ts';
import { writeReports } from './write.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'powercut-reports-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

it('writes every report, and points latest at the run', async () => {
  const written = await writeReports(violated, join(home, 'runs', '7'));
  expect((await readdir(join(home, 'runs', '7'))).sort()).toEqual([
    'junit.xml',
    'report.html',
    'report.md',
    'verdict.json',
  ]);
  expect(await readlink(written.latest)).toBe('7');
  expect(parseVerdict(await readFile(written.verdict, 'utf8'), written.verdict)).toEqual(violated);
  expect(await readFile(join(home, 'runs', 'latest', 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
});

it('replaces the reports of the same run, and the link of an older one', async () => {
  await writeReports(violated, join(home, '1'));
  await writeReports(violated, join(home, '2'));
  const written = await writeReports(allHeld, join(home, '2'));
  expect(await readlink(written.latest)).toBe('2');
  expect(parseVerdict(await readFile(written.verdict, 'utf8'), written.verdict).status).toBe('held');
  expect((await readdir(home)).sort()).toEqual(['1', '2', 'latest']);
});

it('leaves no temporary file when a report cannot be put in its place', async () => {
  const run = join(home, '1');
  await mkdir(join(run, 'report.html', 'taken'), { recursive: true });
  await expect(writeReports(violated, run)).rejects.toThrow(/report\.html/);
  expect((await readdir(run)).sort()).toEqual(['report.html', 'verdict.json']);
});

it('does not take away something else that is called latest', async () => {
  await mkdir(join(home, 'latest'));
  await writeFile(join(home, 'latest', 'notes'), 'mine');
  await expect(writeReports(violated, join(home, '1'))).rejects.toThrow(/latest/);
  expect((await readdir(home)).sort()).toEqual(['1', 'latest']);
  expect(await readFile(join(home, 'latest', 'notes'), 'utf8')).toBe('mine');
});
