import type { Paint } from '../terminal/paint.ts';
import { displayWidth, indented, padding } from '../text.ts';
import {
  cellText,
  coverageTable,
  coverageTitle,
  effortText,
  neverFiredText,
  noveltyText,
  type TorturedScenario,
} from './table.ts';

/** The coverage of one scenario: a matrix where it fits, a line a fault where it does not. */
export function renderTorture(scenario: TorturedScenario, width: number, paint: Paint): readonly string[] {
  const never = neverFiredText(scenario);
  const facts = [effortText(scenario), noveltyText(scenario), ...(never === undefined ? [] : [never])];
  return [
    `  ${paint('strong', coverageTitle)}`,
    ...(matrix(scenario, width, paint) ?? lists(scenario, width)),
    ...facts.flatMap((fact) => indented(fact, width, '  ', '    ')).map((line) => paint('faint', line)),
  ];
}

function matrix(scenario: TorturedScenario, width: number, paint: Paint): readonly string[] | undefined {
  const { operations, rows } = coverageTable(scenario);
  const names = Math.max(0, ...rows.map(({ fault }) => displayWidth(fault)));
  const columns = operations.map((operation, column) =>
    Math.max(...[operation, ...rows.map(({ pairs }) => cellText(pairs[column]))].map(displayWidth)),
  );
  const total = columns.reduce((sum, column) => sum + column + 2, names + 2);
  if (total > width) return undefined;
  const right = (text: string, column: number) => `  ${padding(text, columns[column] ?? 0)}${text}`;
  const head = operations.map((operation, column) => right(operation, column)).join('');
  return [
    paint('faint', `  ${' '.repeat(names)}${head}`),
    ...rows.map(({ fault, pairs }) => {
      const cells = pairs.map((pair, column) => {
        const text = right(cellText(pair), column);
        return pair?.fired === 0 ? paint('unknown', text) : text;
      });
      return `  ${fault}${padding(fault, names)}${cells.join('')}`.trimEnd();
    }),
  ];
}

function lists(scenario: TorturedScenario, width: number): readonly string[] {
  const { operations, rows } = coverageTable(scenario);
  return rows.flatMap(({ fault, pairs }) => {
    const cells = pairs.flatMap((pair, column) =>
      pair === undefined ? [] : [`${operations[column]} ${cellText(pair)}`],
    );
    return indented(`${fault}: ${cells.join(' · ')}`, width, '  ', '    ');
  });
}
