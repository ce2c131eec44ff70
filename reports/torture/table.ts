import { countOf, formatCount, joinWords } from '../text.ts';
import type { FaultKind, PairCoverage, ScenarioVerdict, TortureCoverage } from '../verdict.ts';

/** What torture has tried, in words that every report shares. docs/torture.md. */

export type TorturedScenario = ScenarioVerdict & { readonly torture: TortureCoverage };

export function isTortured<Scenario extends ScenarioVerdict>(
  scenario: Scenario,
): scenario is Scenario & TorturedScenario {
  return scenario.torture !== undefined;
}

export const coverageTitle = 'Where the faults fired, in how many cycles';

/** One row a fault, one column a kind of operation; undefined where the fault has no meaning, or the subject asks for none. */
export interface CoverageTable {
  readonly operations: readonly string[];
  readonly rows: readonly {
    readonly fault: FaultKind;
    readonly pairs: readonly (PairCoverage | undefined)[];
  }[];
}

export function coverageTable({ torture: { pairs } }: TorturedScenario): CoverageTable {
  const operations = [...new Set(pairs.map(({ operation }) => operation))].sort(lastAtRest);
  const faults = [...new Set(pairs.map(({ fault }) => fault))];
  const rows = faults.map((fault) => ({
    fault,
    pairs: operations.map((operation) =>
      pairs.find((pair) => pair.fault === fault && pair.operation === operation),
    ),
  }));
  return { operations, rows };
}

/** The order in which the subject first asked for them, but what befalls it between operations comes last. */
function lastAtRest(a: string, b: string): number {
  return Number(a === 'at rest') - Number(b === 'at rest');
}

/** `1,000 cycles, 84 of them on empty volumes; a claim was judged in 951`. */
export function effortText({ torture }: TorturedScenario): string {
  const { cycles, freshStarts, judged } = torture;
  return `${countOf(cycles, 'cycle')}, ${formatCount(freshStarts)} of them on empty volumes; claims were judged in ${formatCount(judged)}`;
}

/** `34 of 36 pairs of fault and operation fired; 97 behaviours, the last new one in cycle 812`. */
export function noveltyText({ torture }: TorturedScenario): string {
  const { pairs, behaviours, lastNewCycle } = torture;
  const fired = pairs.filter((pair) => pair.fired > 0).length;
  return `${formatCount(fired)} of ${countOf(pairs.length, 'pair')} of fault and operation fired; ${countOf(behaviours, 'different behaviour')}, the last new one in cycle ${formatCount(lastNewCycle)}`;
}

/** `never fired: io-error at rename, and disk-full at link and create`; undefined where each did. */
export function neverFiredText({ torture }: TorturedScenario): string | undefined {
  const never = torture.pairs.filter(({ fired }) => fired === 0);
  if (never.length === 0) return undefined;
  return `never fired: ${joinWords(never.map(({ fault, operation }) => pairText(fault, operation)))}`;
}

/** `io-error at write`; `power-loss at rest`. */
function pairText(fault: FaultKind, operation: string): string {
  return operation === 'at rest' ? `${fault} at rest` : `${fault} at ${operation}`;
}

/** What a cell shows. */
export function cellText(pair: PairCoverage | undefined): string {
  if (pair === undefined) return '';
  return pair.fired === 0 ? 'never' : formatCount(pair.fired);
}
