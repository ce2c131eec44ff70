import type { Paint, Tone } from '../terminal/paint.ts';
import { indented, visible } from '../text.ts';
import type { BarrierVerdict } from '../verdict.ts';
import {
  barriersWorstFirst,
  effortText,
  type MutatedScenario,
  outcomeText,
  statusText,
  tableTitle,
} from './table.ts';

/** The table for a terminal: a barrier a row, and below it what happens without it. */
export function renderBarriers(scenario: MutatedScenario, width: number, paint: Paint): readonly string[] {
  return [
    paint('strong', `  ${tableTitle}`),
    ...indented(effortText(scenario), width, '  ').map((line) => paint('faint', line)),
    ...barriersWorstFirst(scenario).flatMap((barrier) => renderBarrier(barrier, width, paint)),
  ];
}

const marks = { detected: '✓', redundant: '=', undetected: '✗', unknown: '?' } as const;
const tones: Readonly<Record<BarrierVerdict['status'], Tone>> = {
  detected: 'held',
  redundant: 'not-tested',
  undetected: 'violated',
  unknown: 'unknown',
};

function renderBarrier(barrier: BarrierVerdict, width: number, paint: Paint): readonly string[] {
  const { status, name, issued } = barrier;
  const title = `${statusText(barrier)}: ${visible(name)} (issued ${issued}×)`;
  return [
    ...indented(title, width, `  ${marks[status]} `, '    ').map((line) => paint(tones[status], line)),
    ...indented(visible(outcomeText(barrier)), width, '      '),
  ];
}
