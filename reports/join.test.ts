import { describe, expect, it } from 'vitest';
import { violatedScenario } from './fixtures/scenarios.ts';
import { base } from './fixtures/verdicts.ts';
import { joinParts } from './join.ts';
import { parseVerdict } from './schema.ts';
import type { Cell, ScenarioVerdict, Verdict } from './verdict.ts';
import { renderJson } from './write.ts';

const cell: Cell = { claim: 'durability', fault: 'power-loss', profile: 'posix', status: 'held', states: 10 };
const elsewhere: Cell = { ...cell, status: 'not-tested', states: 0, why: 'fell to another part' };
const exploration = {
  fault: 'power-loss' as const,
  profile: 'posix',
  crashPoints: 5,
  states: 100,
  images: 10,
  exhaustive: true,
  legalStates: 100,
};

function part(index: number, count: number, scenario: Partial<ScenarioVerdict>): Verdict {
  const { canary: _, ...own } = violatedScenario;
  const whole = {
    ...own,
    name: 'log',
    status: 'held',
    findings: [],
    explorations: [exploration],
    ...scenario,
  };
  return { ...base, part: { index, count }, scenarios: [whole as ScenarioVerdict] };
}

const [finding] = violatedScenario.findings;
if (finding === undefined) throw new Error('the fixture has a finding');
const broken = { ...finding, id: '1', claim: cell.claim, fault: cell.fault, profile: cell.profile };
const violated: Cell = { ...cell, status: 'violated', finding: '1' };

describe('the parts of a run', () => {
  it('held where each held, in all that they judged', () => {
    const { verdict } = joinParts([part(2, 2, { cells: [cell] }), part(1, 2, { cells: [cell] })], 'joined');
    expect(verdict).toMatchObject({ status: 'held', scenarios: [{ status: 'held' }] });
    expect(verdict.part).toBeUndefined();
    const [scenario] = verdict.scenarios;
    expect(scenario?.cells).toEqual([{ ...cell, states: 20 }]);
    expect(scenario?.explorations).toEqual([{ ...exploration, images: 20 }]);
    expect(parseVerdict(renderJson(verdict), 'joined')).toEqual(verdict);
  });

  it('held where one had nothing to judge, and another had', () => {
    const { verdict } = joinParts(
      [part(1, 2, { cells: [elsewhere], status: 'not-tested' }), part(2, 2, { cells: [cell] })],
      'joined',
    );
    expect(verdict.scenarios[0]).toMatchObject({ status: 'held', cells: [cell] });
  });

  it('are violated where one is, with the first finding of each kind and its files', () => {
    const parts = [
      part(1, 3, { cells: [cell] }),
      part(2, 3, { cells: [violated], status: 'violated', findings: [{ ...broken, occurrences: 2 }] }),
      part(3, 3, { cells: [violated], status: 'violated', findings: [{ ...broken, occurrences: 3 }] }),
    ];
    const other = { ...parts[1]?.scenarios[0], name: 'before' } as ScenarioVerdict;
    const [first, second, third] = parts as [Verdict, Verdict, Verdict];
    const both = { ...second, scenarios: [...second.scenarios, other] };
    const { verdict, findings } = joinParts([first, both, third], 'joined');
    expect(verdict.status).toBe('violated');
    expect(verdict.scenarios.map(({ cells }) => cells[0]?.finding)).toEqual(['1', '2']);
    expect(verdict.scenarios[0]?.findings).toMatchObject([
      { id: '1', occurrences: 5, replay: { file: 'findings/1/replay.json' } },
    ]);
    expect(findings.map(({ part: { part: whose }, from, to }) => [whose?.index, from, to])).toEqual([
      [2, '1', '1'],
      [2, '1', '2'],
    ]);
  });

  it('name the joined files where a token cannot show the finding', () => {
    const replay = { ...broken.replay, command: 'npx powercut replay runs/two/findings/1/replay.json' };
    const own = { cells: [violated], status: 'violated' as const, findings: [{ ...broken, replay }] };
    const { verdict } = joinParts([part(1, 1, own)], 'runs/joined');
    expect(verdict.scenarios[0]?.findings[0]?.replay.command).toBe(
      'npx powercut replay runs/joined/findings/1/replay.json',
    );
  });

  it('have found a canary where one of them has', () => {
    const canary = { breaks: 'durability' as const, under: 'power-loss' as const, found: false, states: 0 };
    const { verdict } = joinParts(
      [
        part(1, 2, { cells: [cell], status: 'unknown', canary }),
        part(2, 2, { cells: [violated], status: 'violated', canary: { ...canary, found: true, states: 7 } }),
      ],
      'joined',
    );
    expect(verdict).toMatchObject({ status: 'held', scenarios: [{ canary: { found: true, states: 7 } }] });
  });

  it.each([
    ['one is missing', [part(1, 3, {}), part(3, 3, {})], 'has 1/3, 2/3, 3/3; these are 1/3, 3/3'],
    ['one is there twice', [part(1, 2, {}), part(1, 2, {})], 'these are 1/2, 1/2'],
    ['a seed differs', [part(1, 2, {}), { ...part(2, 2, {}), seed: 9 }], 'different runs'],
    ['one is whole', [base, part(1, 1, {})], 'without --shard'],
  ])('are refused where %s', (_, parts, message) => {
    expect(() => joinParts(parts, 'joined')).toThrow(message);
  });
});
