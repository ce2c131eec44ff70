import { expect, it } from 'vitest';
import { heldScenario } from './fixtures/scenarios.ts';
import { allHeld } from './fixtures/verdicts.ts';
import { renderJunit } from './junit.ts';
import { faultGroups, matrixOf, notesOf, reasonsOf, splitColumns } from './matrix.ts';
import type { Cell, ScenarioVerdict } from './verdict.ts';

const cell = (claim: Cell['claim'], fault: Cell['fault'], profile: string): Cell => ({
  claim,
  fault,
  profile,
  states: 3,
  status: 'held',
});
const untested = (claim: Cell['claim'], fault: Cell['fault'], why: string): Cell => ({
  ...cell(claim, fault, '-'),
  states: 0,
  status: 'not-tested',
  why,
});
const scenario = (cells: readonly Cell[], notes: readonly string[] = []): ScenarioVerdict => ({
  ...heldScenario,
  profiles: ['posix', 'xfs'],
  cells,
  notes,
});

it('has claims and faults in their own order, and profiles in the scenario’s', () => {
  const { columns, rows } = matrixOf(
    scenario([
      cell('order', 'power-loss', 'xfs'),
      cell('order', 'power-loss', 'posix'),
      cell('durability', 'bit-rot', 'any'),
      cell('durability', 'process-kill', 'any'),
    ]),
  );
  expect(rows.map(({ claim }) => claim)).toEqual(['durability', 'order']);
  expect(columns.map(({ fault, profile }) => `${fault} ${profile}`)).toEqual([
    'process-kill any',
    'power-loss posix',
    'power-loss xfs',
    'bit-rot any',
  ]);
  expect(faultGroups(columns)).toEqual([
    { fault: 'process-kill', span: 1 },
    { fault: 'power-loss', span: 2 },
    { fault: 'bit-rot', span: 1 },
  ]);
});

it('shows a claim that was tried under no profile in every column of its fault', () => {
  const atomicity = untested('atomicity', 'power-loss', 'no batches');
  const { columns, rows } = matrixOf(
    scenario([cell('order', 'power-loss', 'posix'), cell('order', 'power-loss', 'xfs'), atomicity]),
  );
  expect(columns).toHaveLength(2);
  expect(rows.find(({ claim }) => claim === 'atomicity')?.cells).toEqual([atomicity, atomicity]);
});

it('keeps a column for a fault that was not tried at all', () => {
  const { columns, rows } = matrixOf(scenario([untested('order', 'disk-full', 'not here')]));
  expect(columns).toEqual([{ fault: 'disk-full' }]);
  expect(rows[0]?.cells[0]?.why).toBe('not here');
});

it('says a reason once, and not again as a note', () => {
  const verdict = scenario(
    [untested('order', 'disk-full', 'needs root'), untested('candour', 'disk-full', 'needs root')],
    ['needs root', 'something else'],
  );
  expect(reasonsOf(verdict)).toEqual([
    { status: 'not-tested', why: 'needs root', which: ['order under disk-full', 'candour under disk-full'] },
  ]);
  expect(notesOf(verdict)).toEqual(['something else']);
});

it('doubts a scenario that is unknown although each of its claims held', () => {
  const doubtful = {
    ...scenario([cell('order', 'power-loss', 'posix')], ['two runs differed']),
    status: 'unknown' as const,
  };
  expect(reasonsOf(doubtful)).toEqual([
    { status: 'unknown', why: 'its notes say why', which: ['the scenario as a whole'] },
  ]);
  const xml = renderJunit({ ...allHeld, scenarios: [doubtful] });
  expect(xml).toMatch(/errors="1"[\s\S]*<error type="unknown" message="unknown: two runs differed">/);
});

it('puts columns that do not fit below, in their order, and none in two', () => {
  const columns = [3, 4, 2, 9, 1].map((width) => ({ width }));
  const widths = splitColumns(columns, 7).map((block) => block.map(({ width }) => width));
  expect(widths).toEqual([[3, 4], [2], [9], [1]]);
});

it('tells reasons and notes of several lines in one', () => {
  const why = 'open got no answer: it died\nlast lines of its stderr:\ncannot open config\n';
  const told = scenario([untested('durability', 'bit-rot', why)], [`${why}twice`]);
  const line = 'open got no answer: it died; last lines of its stderr: cannot open config';
  expect(reasonsOf(told)[0]?.why).toBe(line);
  expect(notesOf(told)).toEqual([`${line}; twice`]);
});
