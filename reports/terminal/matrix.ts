import { matrixOf, reasonsOf, splitColumns } from '../matrix.ts';
import { occurrencesOf, statusOfCell } from '../summary.ts';
import {
  countOf,
  displayWidth,
  formatCount,
  indented,
  joinWords,
  padding,
  padEnd,
  visible,
} from '../text.ts';
import type { Cell, ScenarioVerdict, Status } from '../verdict.ts';
import type { Paint } from './paint.ts';

/** Claims × faults as aligned lines; columns that do not fit go to a further block below. */
export function renderMatrix(scenario: ScenarioVerdict, width: number, paint: Paint): readonly string[] {
  const matrix = matrixOf(scenario);
  if (matrix.rows.length === 0) return ['  no claim is stated'];
  const claimWidth = widest(['claim', ...matrix.rows.map((row) => row.claim)]);
  const columns = matrix.columns.map(({ fault, profile = '' }, index) => {
    const texts = matrix.rows.map((row) => cellText(row.cells[index], scenario));
    const columnWidth = 2 + widest([fault, visible(profile), ...texts]);
    return { index, fault, profile: visible(profile), width: columnWidth };
  });
  const blocks = splitColumns(columns, width - claimWidth - 2).map((block) => {
    const line = (first: string, texts: readonly string[]) =>
      `  ${padEnd(first, claimWidth)}${block.map((column, at) => padEnd(`  ${texts[at] ?? ''}`, column.width)).join('')}`.trimEnd();
    const head = [
      line(
        '',
        block.map(({ fault }, at) => (block[at - 1]?.fault === fault ? '' : fault)),
      ),
      line(
        'claim',
        block.map(({ profile }) => profile),
      ),
    ].map((text) => paint('faint', text));
    const rows = matrix.rows.flatMap((row) => {
      const cells = block.map(({ index }) => row.cells[index]);
      return cells.every((cell) => cell === undefined)
        ? []
        : [
            `  ${padEnd(row.claim, claimWidth)}${block.map(({ width: columnWidth }, at) => paintedCell(cells[at], scenario, columnWidth, paint)).join('')}`.trimEnd(),
          ];
    });
    return [...head, ...rows];
  });
  return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

function paintedCell(cell: Cell | undefined, scenario: ScenarioVerdict, width: number, paint: Paint): string {
  const text = cellText(cell, scenario);
  return `  ${paint(toneOf(cell), text)}${padding(`  ${text}`, width)}`;
}

export const matrixLegend = '✓ n: held in all n · ✗ m/n #f: broke in m of n, finding f · ? n: unknown';

function cellText(cell: Cell | undefined, scenario: ScenarioVerdict): string {
  if (cell === undefined) return '·';
  switch (statusOfCell(cell)) {
    case 'held':
      return `✓ ${formatCount(cell.states)}`;
    case 'violated':
      return `✗ ${violatedShare(cell, scenario)}${cell.finding === undefined ? '' : ` #${visible(cell.finding)}`}`;
    case 'unknown':
      return `? ${formatCount(cell.states)}`;
    case 'not-tested':
      return 'not tested';
  }
}

/** `83/2,000`: in how many of the judged states it broke, where the finding says so. */
function violatedShare(cell: Cell, scenario: ScenarioVerdict): string {
  const occurrences = occurrencesOf(cell, scenario);
  return `${occurrences === undefined ? '' : `${formatCount(occurrences)}/`}${formatCount(cell.states)}`;
}

function toneOf(cell: Cell | undefined): Status | 'faint' {
  return cell === undefined ? 'faint' : statusOfCell(cell);
}

/** Why something is unknown or was not tested: one reason after the other. */
export function renderReasons(scenario: ScenarioVerdict, width: number, paint: Paint): readonly string[] {
  return reasonsOf(scenario).flatMap(({ status, why, which }) => {
    const claims = which.length <= 3 ? joinWords(which) : countOf(which.length, 'claim');
    const sign = status === 'unknown' ? '  ? ' : '  – ';
    const word = status === 'unknown' ? 'unknown' : 'not tested';
    const lines = indented(`${word}: ${visible(why)} (${claims})`, width, sign, '    ');
    return lines.map((line) => paint(status, line));
  });
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map(displayWidth));
}
