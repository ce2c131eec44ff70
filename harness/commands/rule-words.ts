import { parse } from 'yaml';
import { befallenBy, type PlanRule, planRuleSchema, problemOf } from '../../src/faults/plan.ts';
import { suggest } from '../suggest.ts';

/** A rule of a plan as a person types it; docs/fault-control.md has the grammar. */

type Fields = Record<string, unknown>;
type FaultName = keyof typeof befallenBy;

const faultNames = Object.keys(befallenBy) as FaultName[];

/** Words, or JSON or YAML. Throws an Error that says what was expected. */
export function parseRule(text: string): PlanRule {
  return text.trimStart().startsWith('{') ? checked(parse(text)) : parseWords(text.trim().split(/\s+/));
}

/** An item of a plan file. */
export function ruleOf(item: unknown): PlanRule {
  return typeof item === 'string' ? parseRule(item) : checked(item);
}

function checked(rule: unknown): PlanRule {
  const problem = problemOf(rule);
  if (problem !== undefined) throw new Error(problem);
  return planRuleSchema.parse(rule);
}

/** What a key in words stands for, and how its value reads. */
type Key = (value: string, fields: Fields) => void;

const keys: Readonly<Record<string, Key>> = {
  on: (value, fields) => set(fields, 'operation', operation(value, fields.fault as FaultName)),
  of: (value, fields) => set(fields, 'path', value),
  volume: (value, fields) => set(fields, 'volume', value),
  after: (value, fields) => set(fields, 'after', value),
  id: (value, fields) => set(fields, 'id', value),
  nth: (value, fields) => set(fields, 'nth', number(value)),
  every: (value, fields) => set(fields, 'every', number(value)),
  from: (value, fields) => set(fields, 'from', number(value)),
  until: (value, fields) => set(fields, 'until', number(value)),
  chance: (value, fields) => set(fields, 'chance', chance(value)),
  seed: (value, fields) => set(fields, 'seed', number(value)),
  at: (value, fields) => {
    if (fields.fault === 'bit-rot') set(fields, 'at', value);
    else set(fields, 'atMs', milliseconds(value));
  },
  as: (value, fields) => set(fields, 'as', value),
  errno: (value, fields) => set(fields, 'errno', value.toUpperCase()),
  part: (value, fields) => set(fields, 'part', chance(value)),
  lasts: (value, fields) => set(fields, 'lasts', value),
  offset: (value, fields) => set(fields, 'offset', bytes(value)),
  spares: (value, fields) => set(fields, 'spares', number(value)),
  back: (value, fields) => set(fields, 'back', number(value)),
  capacity: (value, fields) => set(fields, 'capacityBytes', bytes(value)),
  delay: (value, fields) => {
    const [least = '', most] = value.split('..');
    set(fields, 'delayMs', milliseconds(least));
    if (most !== undefined) set(fields, 'delayMsMax', milliseconds(most));
  },
};

/** Words that stand alone. */
const flags: Readonly<Record<string, (fields: Fields) => void>> = {
  once: (fields) => set(fields, 'nth', 1),
  always: () => {},
  interrupted: (fields) => set(fields, 'interrupted', true),
};

const barriers = new Set(['fsync', 'fdatasync']);

function parseWords([fault = '', ...words]: readonly string[]): PlanRule {
  if (!isFault(fault)) throw unknownWord('a rule begins with a fault', fault, faultNames);
  const fields: Fields = { fault };
  while (words.length > 0) {
    const word = words.shift() ?? '';
    const flag = own(flags, word);
    const key = own(keys, word);
    if (flag !== undefined) flag(fields);
    else if (key === undefined)
      throw unknownWord('behind the fault come', word, [...Object.keys(keys), ...Object.keys(flags)]);
    else {
      const value = words.shift();
      if (value === undefined) throw new Error(`nothing follows ${word}`);
      key(value, fields);
    }
  }
  if (fields.operation === undefined) {
    const befalls = befallenBy[fault];
    if (befalls.length > 1 && !befalls.includes('any'))
      throw new Error(
        `say on what: ${fault} can befall ${befalls.join(', ')} (${fault} on ${befalls[0]} ...)`,
      );
    fields.operation = befalls[0];
  }
  if (fault === 'slow' && fields.delayMs === undefined)
    throw new Error('say how slow: slow ... delay 20ms, or delay 20ms..50ms');
  return checked(fields);
}

function isFault(text: string): text is FaultName {
  return Object.hasOwn(befallenBy, text);
}

function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function unknownWord(place: string, found: string, known: readonly string[]): Error {
  const near = suggest(found, known);
  const guess = near === undefined ? '' : ` Did you mean ${near}?`;
  return new Error(`${place}; ${JSON.stringify(found)} is none.${guess} There are ${known.join(', ')}`);
}

function set(fields: Fields, key: string, value: unknown): void {
  if (Object.hasOwn(fields, key)) throw new Error(`${key} is said twice`);
  fields[key] = value;
}

function operation(text: string, fault: FaultName): string {
  const befalls = befallenBy[fault];
  const meant = barriers.has(text) ? 'sync' : text;
  if (befalls.includes(meant)) return meant;
  const near = suggest(meant, befalls);
  const guess = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new Error(`${fault} on ${text}: it can befall ${befalls.join(', ')}.${guess}`);
}

function number(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error(`expected a whole number in place of ${JSON.stringify(text)}`);
  return Number(text);
}

function chance(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  if (match === null) throw new Error(`expected 0.1 or 10% in place of ${JSON.stringify(text)}`);
  return Number(match[1]) / (match[2] === '%' ? 100 : 1);
}

function milliseconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  if (match === null) throw new Error(`expected 20ms or 1.5s in place of ${JSON.stringify(text)}`);
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function bytes(text: string): number {
  const match = /^(\d+)(|KiB|MiB|GiB)$/.exec(text);
  if (match === null) throw new Error(`expected 512 or 64KiB in place of ${JSON.stringify(text)}`);
  return Number(match[1]) * (unitBytes[match[2] ?? ''] ?? 1);
}

/** The rule in words, as {@link parseRule} reads them; as JSON where a name has a blank. */
export function wordsOf(rule: PlanRule): string {
  const texts = [rule.volume, rule.path, rule.after];
  if (texts.some((text) => text !== undefined && /\s/.test(text))) return JSON.stringify(rule);
  const {
    fault,
    operation,
    path,
    volume,
    after,
    nth,
    every,
    from,
    until,
    chance: odds,
    id: _,
    ...own
  } = rule;
  const words = [fault, `on ${operation}`];
  const say = (word: string, value: unknown) => {
    if (value !== undefined) words.push(`${word} ${value}`);
  };
  say('of', path);
  say('volume', volume);
  say('nth', nth);
  say('every', every);
  say('from', from);
  say('until', until);
  say('chance', odds);
  for (const [key, value] of Object.entries(own)) say(...ownWord(key, value, own));
  say('after', after);
  return words.map((word) => word.trim()).join(' ');
}

function ownWord(key: string, value: unknown, own: Fields): [word: string, value: unknown] {
  switch (key) {
    case 'atMs':
      return ['at', `${value}ms`];
    case 'capacityBytes':
      return ['capacity', value];
    case 'delayMs':
      return ['delay', own.delayMsMax === undefined ? `${value}ms` : `${value}ms..${own.delayMsMax}ms`];
    case 'delayMsMax':
      return ['delay', undefined];
    case 'interrupted':
      return value === true ? ['interrupted', ''] : ['interrupted', undefined];
    default:
      return [key, value];
  }
}
