/**
 * Text for people: user-supplied strings made safe to show, counted words, wrapping and columns for a terminal.
 */

/** Controls, bidirectional overrides, invisible separators, lone surrogates and noncharacters. */
const unprintable =
  /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/**
 * One line in which nothing can move the cursor, reorder the line, hide, or break XML: every such character becomes
 * `\n`, `\x1b` or `\u{202e}`.
 */
export function visible(text: string): string {
  return text.replace(unprintable, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return '\\t';
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
  });
}

/** The lines of a text of many lines, each made {@link visible}, with tabs as spaces and without a last empty line. */
export function visibleLines(text: string): readonly string[] {
  const lines = text.replaceAll('\t', '    ').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map(visible);
}

/** Several lines as one, for a place that has room for one: `unanswered; it said: no such file`. */
export function joinLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .reduce((all, line) => (all === '' ? line : `${all}${all.endsWith(':') ? ' ' : '; '}${line}`), '');
}

/** `1,204`: the same in every locale. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** `1 state`, `1,204 states`; `plural` where adding an s is wrong. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** Seconds as `0.4 s`, `12 s`, `3 min 20 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${formatCount(Math.floor(whole / 60))} min ${whole % 60} s`;
}

/** `2025-03-14 02:41:07 UTC` of an ISO 8601 time in UTC; any other text as it is. */
export function formatTime(text: string): string {
  return text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2 UTC');
}

/** `a`, `a and b`, `a, b and c`; beyond `most` items, `a, b and 4 more`. */
export function joinWords(items: readonly string[], most = items.length): string {
  const shown = items.length <= most ? [...items] : [...items.slice(0, most - 1)];
  const hidden = items.length - shown.length;
  if (hidden > 0) shown.push(`${formatCount(hidden)} more`);
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/** The text with its first letter in upper case. */
export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A sentence as it stands in print: a capital at its start, a full stop at its end. */
export function asSentence(text: string): string {
  return /[.!?…]$/.test(text) ? capitalise(text) : `${capitalise(text)}.`;
}

/** At most `charactersMax` characters; what was cut is counted. */
export function cutText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  // A pair of surrogates is one character: do not leave half of it.
  const end = /[\ud800-\udbff]/.test(text.charAt(charactersMax - 1)) ? charactersMax - 1 : charactersMax;
  return `${text.slice(0, end)}… (${countOf(text.length - end, 'character')} more)`;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Columns that a line takes in a terminal. */
export function displayWidth(text: string): number {
  // Most lines are ASCII, where the answer is known without segmenting.
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (/^\p{Mn}+$/u.test(segment)) continue;
    width += wide.test(segment) ? 2 : 1;
  }
  return width;
}

export function padEnd(text: string, width: number): string {
  return text + padding(text, width);
}

/** The spaces that make a text `width` columns wide; for a text that is coloured, which must not colour them. */
export function padding(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Lines of at most `width` columns, broken at spaces where possible. Never empty. */
export function wrap(text: string, width: number): readonly string[] {
  const limit = Math.max(8, width);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => breakWord(part, limit))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && displayWidth(longer) > limit) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** Wrapped lines, the first behind `indent`, the others behind `hanging`, which is as wide. */
export function indented(text: string, width: number, indent: string, hanging = indent): readonly string[] {
  const room = width - Math.max(displayWidth(indent), displayWidth(hanging));
  return wrap(text, room).map((line, index) => `${index === 0 ? indent : hanging}${line}`);
}

/** A word wider than a line, in pieces that fit. */
function breakWord(word: string, limit: number): readonly string[] {
  if (displayWidth(word) <= limit) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const { segment } of graphemes.segment(word)) {
    if (displayWidth(piece + segment) > limit) {
      pieces.push(piece);
      piece = '';
    }
    piece += segment;
  }
  return [...pieces, piece];
}
