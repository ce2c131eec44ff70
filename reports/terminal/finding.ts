import { type DiffRow, diffLines, focusLines, isSame } from '../diff.ts';
import {
  acknowledgementRemark,
  crashText,
  cutTimeline,
  type Fate,
  fateLegend,
  type OperationRow,
  shrinkSentence,
} from '../story.ts';
import { conditionText, type ReportedFinding, summaryText } from '../summary.ts';
import {
  asSentence,
  countOf,
  cutText,
  displayWidth,
  indented,
  padding,
  padEnd,
  visible,
  visibleLines,
  wrap,
} from '../text.ts';
import type { Finding, TimelineRow } from '../verdict.ts';
import type { Paint, Tone } from './paint.ts';

const timelineRowsMax = 40;
const diffLinesMax = 24;
const stderrLinesMax = 12;
const lineCharactersMax = 400;
/** From this width on, expected and recovered stand side by side. */
const sideBySideColumns = 110;

/** One finding as a story: what broke, how it came about, why the disk may look so, and how to see it again. */
export function renderFinding(reported: ReportedFinding, width: number, paint: Paint): readonly string[] {
  const { finding } = reported;
  return [
    ...title(reported, width, paint),
    '',
    ...indented(visible(summaryText(reported)), width, '  ').map((line) => paint('strong', line)),
    ...indented(asSentence(visible(finding.crash)), width, '  '),
    '',
    ...renderTimeline(reported, width, paint),
    '',
    paint('faint', '  Why the disk may look like this'),
    ...permittedBy(finding, width, paint),
    '',
    ...comparison(finding, width, paint),
    '',
    ...indented(shrinkSentence(finding), width, '  '),
    ...stderr(finding, paint),
    '',
    paint('faint', '  Replay'),
    // On its own line and never wrapped, so that it can be copied.
    `  ${visible(finding.replay.command)}`,
  ];
}

function title({ finding, scenario, role }: ReportedFinding, width: number, paint: Paint): readonly string[] {
  const [tone, mark] = (
    {
      violation: ['violated', '✗ VIOLATED'],
      planted: ['held', '✓ KNOWN BUG'],
      'beside-planted': ['faint', '· IN A CANARY'],
      mutant: ['held', '✓ DETECTED'],
    } as const
  )[role];
  const what = `#${finding.id}  ${finding.claim} under ${visible(conditionText(finding))}`;
  const lines = indented(`${what} · ${visible(scenario.name)}`, width, `${mark}  `, '  ');
  return lines.map((line, index) => (index === 0 ? paint(tone, mark) + line.slice(mark.length) : line));
}

/** A line an operation, a request, an acknowledgement or a crash; long stories are cut with a count. Below, what a reader must know to read them. */
export function renderTimeline(reported: ReportedFinding, width: number, paint: Paint): readonly string[] {
  const rows = cutTimeline(reported.finding.timeline, timelineRowsMax);
  const remark = acknowledgementRemark(reported);
  const legend = [...fateLegend(rows), ...(remark === undefined ? [] : [remark])];
  return [
    ...timelineLines(rows, width, paint),
    ...legend.flatMap((text) => indented(text, width, margin).map((line) => paint('faint', line))),
  ];
}

function timelineLines(rows: readonly TimelineRow[], width: number, paint: Paint): readonly string[] {
  const volumes = new Set(rows.flatMap((row) => (row.kind === 'operation' ? [row.volume] : [])));
  const textOf = (row: OperationRow) =>
    volumes.size > 1 ? `${visible(row.volume)}: ${shown(row.text)}` : shown(row.text);
  const longest = Math.max(
    0,
    ...rows.map((row) => (row.kind === 'operation' ? displayWidth(textOf(row)) : 0)),
  );
  const textWidth = Math.min(longest, Math.max(24, width - 44));
  return rows.flatMap((row) =>
    row.kind === 'operation'
      ? operationLines(row, { text: textOf(row), textWidth, width, paint })
      : otherLines(row, width, paint),
  );
}

const fateTones: Readonly<Record<Fate, Tone>> = {
  lost: 'violated',
  torn: 'violated',
  part: 'violated',
  kept: 'unknown',
  durable: 'held',
  barrier: 'strong',
  failed: 'violated',
  none: 'faint',
};

const margin = ' '.repeat(9);
const numbered = (entry: number) => `  ${String(entry).padStart(5)}  `;

/** `    13  write wal/0001.seg 4096+2048  torn     sectors 2, 3 of 4 are old`; long texts go on below. */
function operationLines(
  row: OperationRow,
  { text, textWidth, width, paint }: { text: string; textWidth: number; width: number; paint: Paint },
): readonly string[] {
  const texts = wrap(text, textWidth);
  const details = row.detail === undefined ? [] : wrap(shown(row.detail), width - textWidth - 20);
  const fate = row.fate === 'none' ? '·' : row.fate;
  return Array.from({ length: Math.max(texts.length, details.length) }, (_, index) => {
    const left = `${index === 0 ? numbered(row.entry) : margin}${padEnd(texts[index] ?? '', textWidth)}`;
    const middle = index === 0 ? `${paint(fateTones[row.fate], fate)}${padding(fate, 7)}` : ' '.repeat(7);
    return `${left}  ${middle}  ${details[index] ?? ''}`.trimEnd();
  });
}

function otherLines(row: Exclude<TimelineRow, OperationRow>, width: number, paint: Paint): readonly string[] {
  switch (row.kind) {
    case 'request':
      return indented(`asked, step ${row.step}: ${shown(row.text)}`, width, '       › ', margin);
    case 'acknowledgement': {
      const lines = wrap(`✓ acknowledged: ${shown(row.text)}`, width - margin.length);
      return lines.map(
        (line, index) => `${index === 0 ? numbered(row.entry) : margin}${paint('strong', line)}`,
      );
    }
    case 'process-crash':
      return [paint('unknown', `${numbered(row.entry)}── ${crashText(row)} ──`)];
    case 'power-cut':
      return [paint('violated', `${numbered(row.entry)}━━ the power goes ━━`)];
    case 'omitted':
      return indented(`… ${shown(row.text)}`, width, margin).map((line) => paint('faint', line));
  }
}

function permittedBy(finding: Finding, width: number, paint: Paint): readonly string[] {
  return finding.permittedBy.flatMap(({ rule, text, source }) => [
    ...indented(`${visible(rule)}: ${asSentence(visible(text))}`, width, '  '),
    ...indented(`source: ${visible(source)}`, width, '    ').map((line) => paint('faint', line)),
  ]);
}

function comparison(finding: Finding, width: number, paint: Paint): readonly string[] {
  const { expected, recovered } = focusLines(finding.expected, finding.recovered, diffLinesMax);
  const rows = diffLines(expected, recovered);
  return width < sideBySideColumns ? stacked(rows, width, paint) : sideBySide(rows, width, paint);
}

function stacked(rows: readonly DiffRow[], width: number, paint: Paint): readonly string[] {
  const side = (name: 'expected' | 'recovered', mark: string, tone: Tone) =>
    rows.flatMap((row) => {
      const line = row[name];
      if (line === undefined) return [];
      if (isSame(row)) return indented(shown(line), width, '    ');
      return indented(shown(line), width, `  ${mark} `, '    ').map((text) => paint(tone, text));
    });
  return [
    paint('faint', '  Expected'),
    ...side('expected', '-', 'strong'),
    paint('faint', '  Recovered'),
    ...side('recovered', '+', 'violated'),
  ];
}

function sideBySide(rows: readonly DiffRow[], width: number, paint: Paint): readonly string[] {
  const column = Math.floor((Math.min(width, 160) - 4) / 2);
  const linesOf = (text: string | undefined, mark: string) =>
    text === undefined ? [] : indented(shown(text), column, `${mark} `, '  ');
  const lines = rows.flatMap((row) => {
    const same = isSame(row);
    const left = linesOf(row.expected, same ? ' ' : '-');
    const right = linesOf(row.recovered, same ? ' ' : '+');
    return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
      const leftText = left[index] ?? '';
      const rightText = paint(same ? 'plain' : 'violated', right[index] ?? '');
      return `  ${paint(same ? 'plain' : 'strong', leftText)}${padding(leftText, column)}  ${rightText}`.trimEnd();
    });
  });
  return [paint('faint', `  ${padEnd('Expected', column)}  Recovered`), ...lines];
}

function stderr(finding: Finding, paint: Paint): readonly string[] {
  if (finding.stderr === undefined || finding.stderr.trim() === '') return [];
  const lines = visibleLines(finding.stderr);
  const tail = lines.slice(-stderrLinesMax);
  const head =
    tail.length < lines.length
      ? `last ${tail.length} of ${countOf(lines.length, 'line')}`
      : 'while it recovered';
  return [
    '',
    paint('faint', `  The subject’s stderr, ${head}`),
    ...tail.map((line) => `  │ ${cutText(line, lineCharactersMax)}`),
  ];
}

function shown(text: string): string {
  return cutText(visible(text), lineCharactersMax);
}
