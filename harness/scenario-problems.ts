import { z } from 'zod';
import { scenarioSchema } from './scenario.ts';
import { suggest } from './suggest.ts';

/** Where in a file something stands: line and column from 1, the length in characters on that line. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** One thing that is wrong with a scenario. Without a span the file as a whole, or a module, is meant. */
export interface Problem {
  readonly file: string;
  readonly span?: Span;
  readonly message: string;
  /** The line that the span is on. */
  readonly source?: string;
}

export type ScenarioPath = readonly PropertyKey[];

/** What is wrong, in the user's words, and the path of the key or value that is meant. */
export interface Complaint {
  readonly path: ScenarioPath;
  /** The key itself is wrong, not its value. */
  readonly atKey: boolean;
  readonly message: string;
}

/** One or more scenarios cannot be used. The message shows all problems, as a compiler does. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly code = 'invalid-scenario';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(renderProblem).join('\n'));
    this.problems = problems;
  }
}

function renderProblem({ file, span, message, source }: Problem): string {
  if (span === undefined) return `${file}: ${message}`;
  const head = `${file}:${span.line}:${span.column}: ${message}`;
  if (source === undefined) return head;
  const number = String(span.line).padStart(5);
  const room = Math.max(1, Math.min(span.length, source.length - span.column + 1));
  // Tabs are kept, so that the mark stands under what it marks.
  const indent = source.slice(0, span.column - 1).replace(/[^\t]/g, ' ');
  return `${head}\n${number} | ${source}\n${' '.repeat(5)} | ${indent}${'^'.repeat(room)}`;
}

/** Puts zod's issues into words. `input` is what was validated. */
export function complaints(issues: readonly z.core.$ZodIssue[], input: unknown): Complaint[] {
  const unknownKeys = issues
    .filter((issue) => issue.code === 'unrecognized_keys')
    .flatMap((issue) => issue.keys.map((key) => unknownKey(issue.path, key)));
  const pathsWithUnknown = new Set(unknownKeys.map(({ path }) => path.slice(0, -1).join('.')));
  const meantPaths = new Set(unknownKeys.map(({ meantPath }) => meantPath));
  const others = issues.filter((issue) => {
    const path = issue.path.join('.');
    // A rule over several keys says little while one of them is misspelt; nor is a misspelt key missing.
    if (issue.code === 'custom') return !pathsWithUnknown.has(path);
    return issue.code !== 'unrecognized_keys' && !meantPaths.has(path);
  });
  return [
    ...unknownKeys,
    ...others.map((issue) => ({ path: issue.path, atKey: false, message: describe(issue, input) })),
  ];
}

function unknownKey(
  parent: ScenarioPath,
  key: string,
): Complaint & { readonly meantPath: string | undefined } {
  const known = knownKeys(parent);
  const near = suggest(key, known);
  const where = parent.length === 0 ? 'a scenario' : `\`${parent.join('.')}\``;
  return {
    path: [...parent, key],
    atKey: true,
    message: `\`${key}\` is not a key of ${where}${orElse(near, known)}`,
    meantPath: near === undefined ? undefined : [...parent, near].join('.'),
  };
}

function describe(issue: z.core.$ZodIssue, input: unknown): string {
  const found = valueAt(input, issue.path);
  const name = issue.path.length === 0 ? 'the scenario' : `\`${pathText(issue.path)}\``;
  switch (issue.code) {
    case 'invalid_type': {
      const expected = customMessage(issue.message) ?? typeText(issue.expected);
      if (issue.path.length === 0 && (found === null || found === undefined)) {
        return 'the file is empty: expected a scenario, with `name`, `subject` and `claims`';
      }
      if (found === undefined) return `${name} is missing: expected ${expected}`;
      return `${name} is ${show(found)}: expected ${expected}`;
    }
    case 'invalid_value': {
      const known = issue.values.map(String);
      if (found === undefined) return `${name} is missing: expected one of ${known.join(', ')}`;
      return `${name} is ${show(found)}${orElse(suggest(String(found), known), known)}`;
    }
    case 'too_small':
      return `${name} is ${show(found)}: expected ${limitText('at least', issue.minimum, issue)}`;
    case 'too_big':
      return `${name} is ${show(found)}: expected ${limitText('at most', issue.maximum, issue)}`;
    case 'invalid_format':
      return `${name} is ${show(found)}: expected ${issue.message}`;
    default:
      return issue.message;
  }
}

/** zod's own messages begin with these words; a schema's message replaces them. */
function customMessage(message: string): string | undefined {
  return message.startsWith('Invalid input') ? undefined : message;
}

function orElse(near: string | undefined, known: readonly string[]): string {
  if (known.length === 0) return '';
  return near === undefined ? `: expected one of ${known.join(', ')}` : `; did you mean \`${near}\`?`;
}

function limitText(
  bound: string,
  limit: number | bigint,
  issue: { readonly origin: string; readonly inclusive?: boolean },
): string {
  const units: Readonly<Record<string, string>> = { array: 'entries', string: 'characters', map: 'keys' };
  const unit = units[issue.origin];
  if (issue.inclusive === false) return `${bound === 'at least' ? 'more' : 'less'} than ${limit}`;
  return unit === undefined
    ? `${bound} ${limit}`
    : `${bound} ${limit} ${limit === 1 ? unit.replace(/ies$/, 'y').replace(/s$/, '') : unit}`;
}

function typeText(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'keys and values',
    record: 'keys and values',
  };
  return words[expected] ?? expected;
}

function show(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'keys and values';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function pathText(path: ScenarioPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : String(part)))
    .join('.')
    .replaceAll('.[', '[');
}

function valueAt(input: unknown, path: ScenarioPath): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

interface SchemaNode {
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly propertyNames?: { readonly enum?: readonly string[] };
}

function knownKeys(path: ScenarioPath): readonly string[] {
  const root = z.toJSONSchema(scenarioSchema, { io: 'input' }) as SchemaNode;
  const node = path.reduce<SchemaNode | undefined>(
    (at, key) => (typeof key === 'number' ? at?.items : at?.properties?.[String(key)]),
    root,
  );
  return node?.propertyNames?.enum ?? Object.keys(node?.properties ?? {}).filter((key) => key !== '$schema');
}
