import type { BarrierVerdict } from '../verdict.ts';
import {
  barriersWorstFirst,
  effortText,
  type MutatedScenario,
  outcomeText,
  statusText,
  tableTitle,
} from './table.ts';

const marks = { detected: '✅', redundant: '➖', undetected: '❌', unknown: '❔' } as const;

/** The table as Markdown. `escaped` and `code` make any text harmless. */
export function barrierTable(
  scenario: MutatedScenario,
  { escaped, code }: { readonly escaped: (text: string) => string; readonly code: (text: string) => string },
): string {
  const row = (barrier: BarrierVerdict) =>
    `| ${marks[barrier.status]} ${statusText(barrier)} | ${code(barrier.name)} | ${barrier.issued} | ${escaped(outcomeText(barrier))} |`;
  return [
    `**${tableTitle}** (${effortText(scenario)})`,
    [
      '| | barrier | issued | without it |',
      '| --- | --- | ---: | --- |',
      ...barriersWorstFirst(scenario).map(row),
    ].join('\n'),
  ].join('\n\n');
}
