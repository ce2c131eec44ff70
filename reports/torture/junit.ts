import { createPaint } from '../terminal/paint.ts';
import { coverageTitle, type TorturedScenario } from './table.ts';
import { renderTorture } from './terminal.ts';

const columns = 120;

/** The coverage as a case that never fails: a pair that did not fire is a remark. */
export function coverageCase(scenario: TorturedScenario): { readonly name: string; readonly output: string } {
  const lines = renderTorture(scenario, columns, createPaint(false));
  return { name: `torture: ${coverageTitle.toLowerCase()}`, output: lines.join('\n') };
}
