import { expect, it } from 'vitest';
import { heldScenario } from '../fixtures/scenarios.ts';
import { base } from '../fixtures/verdicts.ts';
import { renderMarkdown } from '../markdown.ts';
import { parseVerdict } from '../schema.ts';
import type { ScenarioVerdict, Status } from '../verdict.ts';
import { litmusTable } from './table.ts';

type Outcomes = readonly [
  profile: string,
  status: Status,
  allowed: readonly string[],
  found: readonly string[],
];

function program(name: string, ...tried: readonly Outcomes[]): ScenarioVerdict {
  return {
    ...heldScenario,
    name,
    cells: tried.map(([profile, status]) => ({
      claim: 'legality',
      fault: 'power-loss',
      profile,
      status,
      states: 9,
    })),
    explorations: tried.map(([profile, , allowed, found]) => ({
      fault: 'power-loss',
      profile,
      crashPoints: 3,
      states: 9,
      images: 7,
      exhaustive: false,
      outcomes: { allowed, found },
    })),
  };
}

const scenarios = [
  program('create', ['xfs', 'held', ['a', 'b'], ['a']], ['btrfs', 'violated', ['b'], ['b', 'c']]),
  program('rename', ['xfs', 'held', ['d'], ['d']]),
];

it('counts the outcomes that are allowed, and which of them were found', () => {
  const table = litmusTable([heldScenario, ...scenarios]);
  expect(table?.profiles).toEqual(['xfs', 'btrfs']);
  expect(table?.rows.map(({ name }) => name)).toEqual(['create', 'rename']);
  expect(table?.rows[0]?.cells.get('btrfs')).toEqual({ status: 'violated', found: 1, allowed: 1, images: 7 });
  expect(table?.rows[1]?.cells.has('btrfs')).toBe(false);
  expect(table?.all.get('xfs')).toEqual({ status: 'held', found: 2, allowed: 3, images: 14 });
  expect(litmusTable([heldScenario])).toBeUndefined();
});

it('is a table in Markdown, of a verdict that was read back', () => {
  const verdict = parseVerdict(JSON.stringify({ ...base, scenarios }), 'verdict.json');
  const page = renderMarkdown(verdict);
  expect(page).toContain(
    '| create | ✅ 1 of 2, 7 images | ❌ unsound 1 of 1, 7 images |\n| rename | ✅ 1 of 1, 7 images | not run |',
  );
  expect(page).toContain('| **all** | ✅ 2 of 3, 14 images | ❌ unsound 1 of 1, 7 images |');
});
