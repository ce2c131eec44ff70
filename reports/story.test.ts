import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { lostName, tornWrite } from './fixtures/findings.ts';
import { violatedScenario } from './fixtures/scenarios.ts';
import {
  acknowledgementRemark,
  crashText,
  cutTimeline,
  type Fate,
  fateLegend,
  shrinkSentence,
} from './story.ts';
import type { TimelineRow } from './verdict.ts';

const operation = (entry: number, fate: Fate): TimelineRow => ({
  kind: 'operation',
  entry,
  volume: 'data',
  text: `write log ${entry}`,
  fate,
});
const countOperations = (rows: readonly TimelineRow[]) =>
  rows.reduce((sum, row) => {
    if (row.kind === 'omitted') return sum + row.operations;
    return sum + (row.kind === 'operation' ? 1 : 0);
  }, 0);

test.prop([fc.array(fc.constantFrom('durable', 'lost'), { maxLength: 60 }), fc.integer({ min: 1, max: 20 })])(
  'a cut timeline accounts for every operation, and keeps what was lost as long as it fits',
  (fates, rowsMax) => {
    const rows = fates.map((fate, entry) => operation(entry, fate as 'durable' | 'lost'));
    const cut = cutTimeline(rows, rowsMax);
    expect(countOperations(cut)).toBe(rows.length);
    expect(cut.length).toBeLessThanOrEqual(2 * rowsMax + 1);
    const lost = (list: readonly TimelineRow[]) =>
      list.filter((row) => row.kind === 'operation' && row.fate === 'lost').length;
    expect(lost(cut)).toBeGreaterThanOrEqual(Math.min(lost(rows), rowsMax));
  },
);

it('says in words what a gap held, gaps that were there before included', () => {
  const rows: TimelineRow[] = [
    { kind: 'omitted', operations: 7, text: '7 operations, all on disk' },
    { kind: 'request', step: 1, text: 'append' },
    operation(8, 'durable'),
    { kind: 'acknowledgement', entry: 9, text: 'step 1' },
    operation(10, 'lost'),
    { kind: 'power-cut', entry: 11 },
  ];
  expect(cutTimeline(rows, 2)).toEqual([
    {
      kind: 'omitted',
      operations: 8,
      text: '8 operations, with 1 request and 1 acknowledgement; verdict.json has them',
    },
    operation(10, 'lost'),
    { kind: 'power-cut', entry: 11 },
  ]);
});

it('says when a finding was not shrunk', () => {
  expect(shrinkSentence({ ...lostName, shrink: { ...lostName.shrink, attempts: 0 } })).toBe(
    'Not shrunk. 83 judged states broke this claim.',
  );
});

it('tells a killed process from a machine that was reset', () => {
  const row = { kind: 'process-crash', entry: 1 } as const;
  expect(crashText(row)).toBe('the process is killed; the page cache stays');
  expect(crashText({ ...row, ofMachine: true })).toBe(
    "the machine is reset; the disk's cache stays, the page cache does not",
  );
});

it.each<Fate>(['lost', 'torn', 'part', 'failed'])('keeps what is %s in a story that is cut', (fate) => {
  const rows = [operation(0, fate), ...[1, 2, 3, 4].map((entry) => operation(entry, 'durable'))];
  expect(cutTimeline(rows, 2)).toContainEqual(operation(0, fate));
});

it('counts what a cut takes of that', () => {
  const rows = (['part', 'failed', 'lost', 'torn'] as const).map((fate, entry) => operation(entry, fate));
  expect(cutTimeline(rows, 1)[0]).toMatchObject({
    text: '3 operations, 2 of them lost, in part or whole; verdict.json has them',
  });
});

it('explains a fate where the story has it', () => {
  expect(fateLegend([operation(0, 'durable'), operation(1, 'failed'), operation(2, 'part')])).toEqual([
    'part: not all of it is on disk: the detail says what is missing',
    'failed: a barrier that made nothing durable',
  ]);
  expect(fateLegend([operation(0, 'durable')])).toEqual([]);
});

it('says of a command pair, and of no other, that its promises may be noted late', () => {
  const remarkOn = (how: 'driver' | 'command', finding = lostName) =>
    acknowledgementRemark({
      finding,
      scenario: { ...violatedScenario, subject: { ...violatedScenario.subject, how } },
      role: 'violation',
    });
  expect(remarkOn('command')).toContain('POWERCUT_ACK');
  expect(remarkOn('driver')).toBeUndefined();
  expect(remarkOn('command', tornWrite)).toBeUndefined();
});
