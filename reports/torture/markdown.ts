import {
  cellText,
  coverageTable,
  coverageTitle,
  effortText,
  neverFiredText,
  noveltyText,
  type TorturedScenario,
} from './table.ts';

/** The coverage as Markdown. `escaped` makes any text harmless. */
export function coverageSection(scenario: TorturedScenario, escaped: (text: string) => string): string {
  const { operations, rows } = coverageTable(scenario);
  const never = neverFiredText(scenario);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `**${coverageTitle}** (${effortText(scenario)})`,
    [
      line(['', ...operations.map(escaped)]),
      line(['---', ...operations.map(() => '---:')]),
      ...rows.map(({ fault, pairs }) => line([`**${fault}**`, ...pairs.map(cellText)])),
    ].join('\n'),
    [noveltyText(scenario), ...(never === undefined ? [] : [never])]
      .map((text) => `- ${escaped(text)}`)
      .join('\n'),
  ].join('\n\n');
}
