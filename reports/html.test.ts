import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hostile, huge } from './fixtures/extremes.ts';
import { fixtures } from './fixtures/index.ts';
import { canaryFound, violated } from './fixtures/verdicts.ts';
import { darkPalette, lightPalette, type Palette } from './html/palette.ts';
import { renderHtml } from './html.ts';
import { verdictSchema } from './schema.ts';

const pages = Object.entries(fixtures).map(([name, verdict]) => [name, renderHtml(verdict)] as const);
const element = (page: string, pattern: RegExp) => pattern.exec(page)?.[1] ?? '';
const dataOf = (page: string) =>
  JSON.parse(element(page, /<script type="application\/json" id="powercut-verdict">([^<]*)<\/script>/));

describe.each(pages)('%s', (_name, page) => {
  it('refers to nothing outside itself', () => {
    const references = [...page.matchAll(/\b(?:src|href|action|srcset|poster)="([^"]*)"/g)].map(
      ([, url]) => url,
    );
    expect(references.length).toBeGreaterThan(0);
    for (const url of references) expect(url).toMatch(/^(#|data:,$)/);
    expect(element(page, /<style>([\s\S]*?)<\/style>/)).not.toMatch(/url\(|@import/);
  });

  it('lets its own script and style run, and no other', () => {
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const policy = element(page, /Content-Security-Policy" content="([^"]*)"/);
    expect(policy).toContain(`script-src ${hash(element(page, /<script>([\s\S]*?)<\/script>/))}`);
    expect(policy).toContain(`style-src ${hash(element(page, /<style>([\s\S]*?)<\/style>/))}`);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toMatch(/ style="| on\w+="/);
  });

  it('has a target for every link, and no name twice', () => {
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  });

  it('closes what it opens', () => {
    expect(unbalanced(page)).toEqual([]);
  });

  it('embeds the verdict as data', () => {
    expect(() => verdictSchema.parse(dataOf(page))).not.toThrow();
  });
});

/** Elements that are closed in the wrong order, or never. */
function unbalanced(page: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const markup = page.replace(/<(style|script)\b[\s\S]*?<\/\1>/g, '');
  for (const [, close, name = '', selfClosed] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
    if (/^(meta|link|br)$/.test(name) || selfClosed === '/') continue;
    if (close === '') open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

it('embeds what it shows, unchanged', () => {
  expect(dataOf(renderHtml(violated))).toEqual(violated);
});

it('escapes all that a user supplies', () => {
  const page = renderHtml(hostile);
  expect(page).not.toMatch(/<img|alert\(1\)<\/script>/);
  expect(page).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(1)');
});

it('stays below 2 MB, and says what it leaves out', () => {
  const page = renderHtml(huge);
  expect(Buffer.byteLength(page)).toBeLessThan(2_000_000);
  expect(page).toMatch(/… \d+ operations; verdict.json has them/);
  expect(page).toContain('… 1,996 equal lines');
  expect(page).toContain('<article');
});

it('shows a canary’s story as a success', () => {
  const page = renderHtml(canaryFound);
  expect(page).toContain('✓ canary: the known bug was found, as it must be');
  expect(element(page, /<main>([\s\S]*)<\/main>/)).not.toMatch(/tone-violated|✗/);
});

describe.each([
  ['light', lightPalette],
  ['dark', darkPalette],
])('%s colours', (_name, palette: Palette) => {
  const texts = ['text', 'muted', 'accent', 'held', 'violated', 'unknown', 'kept'] as const;
  const grounds = ['ground', 'surface', 'sunken'] as const;

  it.each(texts.flatMap((text) => grounds.map((ground) => [text, ground] as const)))(
    '%s can be read on %s',
    (text, ground) => {
      expect(contrast(palette[text], palette[ground])).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(['held', 'violated', 'unknown'] as const)('%s can be read on its own ground', (tone) => {
    expect(contrast(palette[tone], palette[`${tone}-ground`])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette.text, palette[`${tone}-ground`])).toBeGreaterThanOrEqual(4.5);
  });
});

/** Contrast ratio, WCAG 2.1. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
