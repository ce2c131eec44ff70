import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  asSentence,
  countOf,
  cutText,
  displayWidth,
  formatSeconds,
  formatTime,
  indented,
  joinLines,
  joinWords,
  visible,
  visibleLines,
  wrap,
} from './text.ts';

describe('visible', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['half \ud800 pair', 'half \\u{d800} pair'],
    ['\uffff\u0000\u0085', '\\u{ffff}\\x00\\x85'],
    ['日本語 😀 e\u0301 ok', '日本語 😀 e\u0301 ok'],
  ])('%j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.prop([fc.string({ unit: 'binary' })])(
    'leaves nothing that acts on a terminal or breaks XML',
    (text) => {
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u);
    },
  );
});

it('visibleLines keeps lines, makes tabs spaces and drops the last empty line', () => {
  expect(visibleLines('a\tb\r\n\n\u0007c\n')).toEqual(['a    b', '', '\\x07c']);
});

describe('wrap', () => {
  test.prop([fc.string({ unit: 'grapheme' }), fc.integer({ min: 8, max: 40 })])(
    'no line is wider than asked, and no character is lost',
    (text, width) => {
      const line = visible(text);
      const wrapped = wrap(line, width);
      expect(Math.max(...wrapped.map(displayWidth))).toBeLessThanOrEqual(width);
      expect(wrapped.join('').replaceAll(' ', '')).toBe(line.replaceAll(' ', ''));
    },
  );

  it('breaks at spaces, and a word that is too long where it must', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrap('wal/0000000001.seg', 8)).toEqual(['wal/0000', '000001.s', 'eg']);
  });

  it('hangs further lines', () => {
    expect(indented('one two three', 12, '  - ', '    ')).toEqual(['  - one two', '    three']);
  });
});

it('displayWidth counts columns, not code units', () => {
  expect(['abc', '日本', '😀', 'e\u0301', '👩‍👩‍👧'].map(displayWidth)).toEqual([3, 4, 2, 1, 2]);
});

it('counts and lists read as sentences do', () => {
  expect([countOf(1, 'state'), countOf(1204, 'state'), countOf(2, 'loss', 'losses')]).toEqual([
    '1 state',
    '1,204 states',
    '2 losses',
  ]);
  expect([joinWords(['a']), joinWords(['a', 'b']), joinWords(['a', 'b', 'c', 'd'], 3)]).toEqual([
    'a',
    'a and b',
    'a, b and 2 more',
  ]);
});

it('asSentence prints a sentence as one', () => {
  expect(['step 0 is gone', 'Gone!', ''].map(asSentence)).toEqual(['Step 0 is gone.', 'Gone!', '.']);
});

it('cutText counts what it cuts, and never halves a character', () => {
  expect(cutText('abcdef', 4)).toBe('abcd… (2 characters more)');
  expect(cutText('abc😀def', 4)).not.toMatch(/\p{Cs}/u);
  expect(cutText('abc', 4)).toBe('abc');
});

it('times', () => {
  expect([0.04, 9.96, 59.6, 200].map(formatSeconds)).toEqual(['0.0 s', '10 s', '1 min 0 s', '3 min 20 s']);
  expect(formatTime('2025-03-14T02:41:07.000Z')).toBe('2025-03-14 02:41:07 UTC');
  expect(formatTime('some day')).toBe('some day');
});

it('joinLines tells several lines in one', () => {
  const said = 'unanswered\nlast lines of its stderr:\ncannot open config\n\ngiving up\n';
  expect(joinLines(said)).toBe('unanswered; last lines of its stderr: cannot open config; giving up');
  expect(['', 'one'].map(joinLines)).toEqual(['', 'one']);
});
