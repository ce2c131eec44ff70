import type { Status } from '../verdict.ts';
import { type Markup, trusted } from './markup.ts';

/** A sign beside every status, so that colour is never all there is. */
export const statusSigns: Readonly<Record<Status, string>> = {
  held: '✓',
  violated: '✗',
  unknown: '?',
  'not-tested': '–',
};

const shapes: Readonly<Record<'held' | 'violated' | 'unknown', string>> = {
  held: '<path d="M5.5 10.5l3 3 6-7"/>',
  violated: '<path d="M6.5 6.5l7 7M13.5 6.5l-7 7"/>',
  unknown: '<path d="M7.5 8a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.8-1.1 1.6M10 14.2v.3"/>',
};

export function bannerIcon(status: 'held' | 'violated' | 'unknown'): Markup {
  return trusted(
    `<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="10" cy="10" r="8.6"/>${shapes[status]}</svg>`,
  );
}
