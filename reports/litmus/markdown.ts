import { countOf, formatCount } from '../text.ts';
import type { LitmusCell, LitmusTable } from './table.ts';

const marks = { held: '✅', violated: '❌ unsound', unknown: '❔', 'not-tested': '–' } as const;

/** The table as Markdown. `escaped` and `code` make any text harmless. */
export function litmusSection(
  { profiles, rows, all }: LitmusTable,
  { escaped, code }: { readonly escaped: (text: string) => string; readonly code: (text: string) => string },
): string {
  const row = (name: string, cells: ReadonlyMap<string, LitmusCell>) =>
    `| ${[name, ...profiles.map((profile) => cellText(cells.get(profile)))].join(' | ')} |`;
  return [
    '### Litmus programs',
    'Each: whether only what the profile allows was found; how many of the outcomes that it allows were; crash images looked at.',
    [
      `| program | ${profiles.map(code).join(' | ')} |`,
      `| --- |${' --- |'.repeat(profiles.length)}`,
      ...rows.map(({ name, cells }) => row(escaped(name), cells)),
      row('**all**', all),
    ].join('\n'),
  ].join('\n\n');
}

function cellText(cell: LitmusCell | undefined): string {
  if (cell === undefined) return 'not run';
  const { status, found, allowed, images } = cell;
  return `${marks[status]} ${formatCount(found)} of ${formatCount(allowed)}, ${countOf(images, 'image')}`;
}
