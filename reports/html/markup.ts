import { visible } from '../text.ts';

/** HTML that is safe to insert as it is. Only {@link html} and {@link trusted} make it. */
export interface Markup {
  readonly markup: string;
}

type Part = string | number | Markup | readonly Part[] | undefined;

/**
 * A template whose values are escaped, in text and in quoted attributes alike, unless they are markup themselves.
 * Controls and other characters that hide or reorder text become visible escapes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return { markup: strings.map((text, index) => text + render(values[index])).join('') };
}

/** For text of this program's own, such as its style sheet; never for anything that a user supplied. */
export function trusted(text: string): Markup {
  return { markup: text };
}

export const nothing: Markup = { markup: '' };

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escapeText(part);
  if ('markup' in part) return part.markup;
  return part.map(render).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** JSON for a `<script type="application/json">`: nothing in it ends the element or is invisible, and it parses back unchanged. */
export function embeddedJson(value: unknown): Markup {
  const json = JSON.stringify(value).replace(/[<>&\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return { markup: json };
}
