import { countOf } from './text.ts';

/** Two lists of lines, set side by side. */

/** Absent on the side that does not have the line. */
export interface DiffRow {
  readonly expected?: string;
  readonly recovered?: string;
}

export function isSame(row: DiffRow): boolean {
  return row.expected === row.recovered;
}

/** Equal lines to keep before the first difference. */
const contextLines = 3;

/** Both texts, line by line, around their first difference, in at most about `linesMax` lines each; what is cut away is counted. */
export function focusLines(
  expectedTexts: readonly string[],
  recoveredTexts: readonly string[],
  linesMax: number,
): { readonly expected: readonly string[]; readonly recovered: readonly string[] } {
  const expected = expectedTexts.flatMap((text) => text.split(/\r?\n/));
  const recovered = recoveredTexts.flatMap((text) => text.split(/\r?\n/));
  if (Math.max(expected.length, recovered.length) <= linesMax) return { expected, recovered };
  const first = expected.findIndex((line, index) => line !== recovered[index]);
  const equal = first === -1 ? Math.min(expected.length, recovered.length) : first;
  const skipped = Math.max(0, equal - contextLines);
  const focus = (lines: readonly string[]) => {
    const more = lines.length - skipped - linesMax;
    return [
      ...(skipped > 0 ? [`… ${countOf(skipped, 'equal line')}`] : []),
      ...lines.slice(skipped, skipped + linesMax),
      ...(more > 0 ? [`… ${countOf(more, 'more line')} in verdict.json`] : []),
    ];
  };
  return { expected: focus(expected), recovered: focus(recovered) };
}

/**
 * Sets equal lines beside each other, by a longest common subsequence; different ones in order. Time grows with the
 * product of the lengths: {@link focusLines} first.
 */
export function diffLines(expected: readonly string[], recovered: readonly string[]): readonly DiffRow[] {
  const rows: DiffRow[] = [];
  let left = 0;
  let right = 0;
  for (const [nextLeft, nextRight] of commonLines(expected, recovered)) {
    rows.push(...paired(expected.slice(left, nextLeft), recovered.slice(right, nextRight)));
    rows.push({ expected: expected[nextLeft] ?? '', recovered: recovered[nextRight] ?? '' });
    left = nextLeft + 1;
    right = nextRight + 1;
  }
  return [...rows, ...paired(expected.slice(left), recovered.slice(right))];
}

function paired(expected: readonly string[], recovered: readonly string[]): readonly DiffRow[] {
  return Array.from({ length: Math.max(expected.length, recovered.length) }, (_, index) => {
    const left = expected[index];
    const right = recovered[index];
    return {
      ...(left === undefined ? {} : { expected: left }),
      ...(right === undefined ? {} : { recovered: right }),
    };
  });
}

/** Indices of the lines of a longest common subsequence, in order. */
function commonLines(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const width = b.length + 1;
  // lengths[i * width + j]: the longest common subsequence of a from i and b from j.
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}
