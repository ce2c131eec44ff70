import { InvalidArgumentError } from 'commander';
import { fileSystemNames } from '../../src/faults/block/file-systems.ts';
import { profileNames } from '../scenario.ts';
import { suggest } from '../suggest.ts';

/** Parsers of flag values. Each throws commander's InvalidArgumentError, which says what was expected. */

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** A timer of Node's waits 2^31 - 1 ms at most, 596.5 hours, and not at all where it is told more. */
const durationHoursMax = 596;

/** `90s`, `10m`, `1h`, `1m30s`, or a number of seconds: to seconds. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smh])/g)];
  const covered = parts.map(([part]) => part).join('');
  const seconds = /^\d+$/.test(text)
    ? Number(text)
    : parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ''] ?? 0), 0);
  if ((covered !== text && !/^\d+$/.test(text)) || !(seconds > 0)) {
    throw new InvalidArgumentError('Expected a duration such as 90s, 10m or 1h30m.');
  }
  if (seconds > durationHoursMax * 3600) {
    throw new InvalidArgumentError(`Expected a duration of ${durationHoursMax}h (24 days) at most.`);
  }
  return seconds;
}

/** `2/8`: the second of eight parts. */
export function parseShard(text: string): { readonly index: number; readonly count: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (!(index >= 1 && index <= count)) {
    throw new InvalidArgumentError('Expected part/parts, such as 1/3, 2/3 or 3/3.');
  }
  return { index, count };
}

/** A parser of whole numbers in a range, both ends included. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected a whole number${range}.`);
    }
    return value;
  };
}

/** `--profile a,b` and `--profile a --profile b`. */
export function parseProfiles(text: string, before: readonly string[] = []): readonly string[] {
  const names: readonly string[] = [...new Set([...profileNames, ...fileSystemNames])];
  const found = text.split(',').map((name) => name.trim());
  for (const name of found) {
    if (names.includes(name)) continue;
    const near = suggest(name, names);
    throw new InvalidArgumentError(
      `Expected one of ${names.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    );
  }
  return [...new Set([...before, ...found])];
}
