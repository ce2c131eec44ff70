import { describe, expect, it } from 'vitest';
import { type OutputStream, outputOn, painter } from './output.ts';

function stream(properties: { isTTY?: boolean; columns?: number } = {}) {
  const written: string[] = [];
  let fail: (error: NodeJS.ErrnoException) => void = () => {};
  const made: OutputStream = {
    ...properties,
    write: (text) => written.push(text),
    on: (_, listener) => {
      fail = listener;
    },
  };
  return { stream: made, written, fail: (code: string) => fail(Object.assign(new Error(code), { code })) };
}

describe('colour', () => {
  it.each<[string, boolean, Record<string, string>, boolean, boolean]>([
    ['a terminal', true, {}, false, true],
    ['a pipe', false, {}, false, false],
    ['--no-color', true, { FORCE_COLOR: '1' }, true, false],
    ['NO_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, false, true],
    ['FORCE_COLOR on a pipe', false, { FORCE_COLOR: '1' }, false, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false, false],
    ['TERM=dumb', true, { TERM: 'dumb' }, false, false],
  ])('%s', (_, isTTY, environment, noColour, expected) => {
    expect(outputOn(stream({ isTTY }).stream, { environment, noColour }).colour).toBe(expected);
  });

  it('is what the painter adds, and nothing else', () => {
    expect(painter(true)('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(painter(false)('red', 'x')).toBe('x');
  });
});

const plain = { environment: {}, noColour: false };

it('the width is that of the terminal, or 100', () => {
  expect(outputOn(stream({ columns: 72 }).stream, plain).width).toBe(72);
  expect(outputOn(stream({ columns: 0 }).stream, plain).width).toBe(100);
  expect(outputOn(stream().stream, plain).width).toBe(100);
});

it('a reader that goes away ends the writing, and no more', () => {
  const { stream: made, written, fail } = stream();
  const output = outputOn(made, plain);
  output.write('a');
  fail('EPIPE');
  output.write('b');
  expect(written).toEqual(['a']);
  expect(() => fail('EIO')).toThrow('EIO');
});
