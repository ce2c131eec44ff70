import { z } from 'zod';
import { profileNames } from '../model/profile.ts';
import type { Firing, PlanRule, RuleState } from '../plan.ts';
import type { NamedOperation } from './pending.ts';

/** What is asked over the control socket, a JSON object a line (docs/fault-control.md). */

export const lineBytesMax = 1 << 20;
const awaitMsMax = 3_600_000;

const pattern = z.string().min(1).default('*');
const profile = z.enum(profileNames).optional();

const schemas = {
  hello: z.strictObject({}),
  list: z.strictObject({ pattern }),
  add: z.strictObject({ rules: z.array(z.custom<PlanRule>((rule) => typeof rule === 'object')).min(1) }),
  clear: z.strictObject({ pattern }),
  await: z.strictObject({
    pattern,
    times: z.int().min(1).default(1),
    next: z.boolean().default(false),
    timeoutMs: z.number().min(0).max(awaitMsMax).default(60_000),
  }),
  watch: z.strictObject({}),
  event: z.strictObject({ name: z.string().min(1) }),
  'power-cut': z.strictObject({
    state: z.enum(['drawn', 'all-lost', 'nothing-lost']).default('drawn'),
    profile,
    seed: z.int().optional(),
    torn: z.boolean().default(false),
  }),
  pending: z.strictObject({ profile }),
  'drop-cache': z.strictObject({ path: z.string().min(1).default('**'), volume: z.string().optional() }),
  stats: z.strictObject({}),
};

export type OperationName = keyof typeof schemas;
export const operationNames = Object.keys(schemas) as readonly OperationName[];

/** An object without fields would forbid `op`. */
type Fields<Parsed> = Parsed extends Record<string, never> ? unknown : Readonly<Parsed>;

/** A request with all its fields, and without its id. */
export type ControlRequest = {
  [Op in OperationName]: { readonly op: Op } & Fields<z.output<(typeof schemas)[Op]>>;
}[OperationName];

export type RequestOf<Op extends OperationName> = Extract<ControlRequest, { readonly op: Op }>;

/** As it is sent: what has a default may be left out. */
export type RequestInput = {
  [Op in OperationName]: { readonly op: Op } & Fields<z.input<(typeof schemas)[Op]>>;
}[OperationName];

/** What each request is answered, where it succeeds. */
export interface Results {
  readonly hello: Hello;
  readonly list: readonly Omit<RuleState, 'wasDue'>[];
  readonly add: readonly string[];
  readonly clear: readonly string[];
  readonly await: Firing;
  readonly watch: null;
  readonly event: readonly string[];
  readonly 'power-cut': CutResult;
  readonly pending: PendingResult;
  readonly 'drop-cache': { readonly files: number };
  readonly stats: Statistics;
}

export interface Hello {
  readonly protocol: 1;
  /** Where the volumes are. */
  readonly directory: string;
  readonly volumes: readonly string[];
  /** Whose rules a power cut obeys that names none. */
  readonly profile: string;
  readonly pid: number;
}

export interface CutResult {
  readonly profile: string;
  readonly seed: number;
  /** How many operations could have been lost. */
  readonly pending: number;
  readonly lost: readonly NamedOperation[];
}

export interface PendingResult {
  readonly profile: string;
  readonly count: number;
  /** The newest. */
  readonly operations: readonly NamedOperation[];
}

export interface Statistics {
  /** Of the trace. */
  readonly entries: number;
  readonly operations: Readonly<Record<string, number>>;
  readonly firings: number;
  readonly files: number;
  /** In pages that are not holes. */
  readonly storedBytes: number;
  /** What was written since the last power cut, and is kept. */
  readonly historyBytes: number;
}

export type ErrorCode = 'invalid' | 'timeout' | 'no-state' | 'failed';

/** What a request is answered where it fails. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Throws a {@link ControlError} that says what was expected. */
export function parseRequest(fields: Readonly<Record<string, unknown>>): ControlRequest {
  const { op, ...rest } = fields;
  const known = operationNames.find((name) => name === op);
  if (known === undefined) {
    throw new ControlError(
      'invalid',
      `there is no op ${JSON.stringify(op)}; there are ${operationNames.join(', ')}`,
    );
  }
  const parsed = schemas[known].safeParse(rest);
  if (!parsed.success) throw new ControlError('invalid', `${known}:\n${z.prettifyError(parsed.error)}`);
  return { op: known, ...parsed.data } as ControlRequest;
}
