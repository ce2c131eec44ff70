import { namePattern } from '../volume/wildcards.ts';

/** By this event a rule of the dm layer awaits the promise of this ordinal, from 1: those of one program may all be worded alike. */
export function promiseName(ordinal: number): string {
  return `promise ${ordinal}`;
}

/** Whether a promise is what a rule stands `after`: by its ordinal, or by its text. */
export function isAwaited(after: string, text: string, ordinal: number): boolean {
  return after === promiseName(ordinal) || namePattern(after).test(text);
}
