import { z } from 'zod';
import { claims, faultKinds, type Verdict, verdictSchemaVersion } from './verdict.ts';

/** Reads `verdict.json` back. docs/verdict.md describes the file; fields that this version does not know are ignored. */

const count = z.int().min(0);
const claim = z.enum(claims);
const faultKind = z.enum(faultKinds);
const status = z.enum(['held', 'violated', 'unknown', 'not-tested']);

const environment = z.object({
  startedAt: z.string(),
  node: z.string(),
  kernel: z.string(),
  cpu: z.string(),
  lanes: count,
  layers: z.record(z.string(), z.string()),
});

const timing = z.object({
  seconds: z.number().min(0),
  imagesPerSecond: z.number().min(0),
  scenarios: z.record(z.string(), z.number().min(0)),
});

const cell = z.object({
  claim,
  fault: faultKind,
  profile: z.string(),
  status,
  states: count,
  why: z.string().exactOptional(),
  finding: z.string().exactOptional(),
});

const exploration = z.object({
  fault: faultKind,
  profile: z.string(),
  crashPoints: count,
  states: count,
  images: count,
  exhaustive: z.boolean(),
  legalStates: count.exactOptional(),
  outcomes: z.object({ allowed: z.array(z.string()), found: z.array(z.string()) }).exactOptional(),
});

const timelineRow = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('operation'),
    entry: count,
    volume: z.string(),
    text: z.string(),
    fate: z.enum(['durable', 'kept', 'lost', 'torn', 'part', 'barrier', 'failed', 'none']),
    detail: z.string().exactOptional(),
  }),
  z.object({ kind: z.literal('request'), step: count, text: z.string() }),
  z.object({ kind: z.literal('acknowledgement'), entry: count, text: z.string() }),
  z.object({ kind: z.literal('process-crash'), entry: count, ofMachine: z.literal(true).exactOptional() }),
  z.object({ kind: z.literal('power-cut'), entry: count }),
  z.object({ kind: z.literal('omitted'), operations: count, text: z.string() }),
]);

const finding = z.object({
  id: z.string().regex(/^[1-9][0-9]*$/, 'expected a number from 1'),
  claim,
  fault: faultKind,
  profile: z.string(),
  summary: z.string(),
  crash: z.string(),
  timeline: z.array(timelineRow),
  permittedBy: z.array(z.object({ rule: z.string(), text: z.string(), source: z.string() })),
  expected: z.array(z.string()),
  recovered: z.array(z.string()),
  shrink: z.object({
    operationsBefore: count,
    operationsAfter: count,
    lostBefore: count,
    lostAfter: count,
    attempts: count,
  }),
  occurrences: count,
  replay: z.object({ command: z.string(), token: z.string(), file: z.string() }),
  stderr: z.string().exactOptional(),
});

const barrier = z.object({
  name: z.string(),
  issued: count,
  status: z.enum(['detected', 'redundant', 'undetected', 'unknown']),
  states: count,
  legalStates: count.exactOptional(),
  breaks: z.array(z.object({ claim, fault: faultKind, profile: z.string(), violated: count, states: count })),
  finding: z.string().exactOptional(),
  coveredBy: z.array(z.string()),
  accepted: z.string().exactOptional(),
  why: z.string().exactOptional(),
});

const mutation = z.object({ statesEach: count, runs: count, barriers: z.array(barrier) });

const pair = z.object({
  fault: faultKind,
  operation: z.string(),
  planned: count,
  fired: count,
  firstCycle: count.exactOptional(),
});

const torture = z.object({
  cycles: count,
  freshStarts: count,
  judged: count,
  behaviours: count,
  lastNewCycle: count,
  pairs: z.array(pair),
});

const canary = z.object({
  breaks: claim,
  under: faultKind,
  found: z.boolean(),
  states: count,
  fileSystems: z
    .array(z.object({ name: z.string(), outcome: z.enum(['found', 'missed', 'forgiven', 'not-tested']) }))
    .exactOptional(),
  forgiving: z.string().exactOptional(),
});

const scenario = z.object({
  name: z.string(),
  file: z.string().exactOptional(),
  status,
  subject: z.object({
    name: z.string(),
    version: z.string(),
    how: z.enum(['driver', 'command', 'in-process']),
  }),
  layer: z.string(),
  volumes: z.array(z.string()),
  profiles: z.array(z.string()),
  workload: z.object({
    operations: count,
    acknowledged: count,
    volumeOperations: count,
    barriers: count,
  }),
  canary: canary.exactOptional(),
  cells: z.array(cell),
  explorations: z.array(exploration),
  mutation: mutation.exactOptional(),
  torture: torture.exactOptional(),
  findings: z.array(finding),
  notes: z.array(z.string()),
});

export const verdictSchema = z.object({
  schema: z.literal('powercut-verdict'),
  schemaVersion: z.literal(verdictSchemaVersion),
  version: z.string(),
  seed: z.number(),
  part: z.object({ index: z.int().min(1), count: z.int().min(1) }).exactOptional(),
  status: z.enum(['held', 'violated', 'unknown']),
  scenarios: z.array(scenario),
  interrupted: z.enum(['SIGINT', 'SIGTERM']).exactOptional(),
  environment,
  timing,
});

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Parsed = DeepReadonly<z.output<typeof verdictSchema>>;

/** Does not compile when the schema and the interface differ, in a field, in its type or in being optional. */
const schemaIsTheInterface: Same<Parsed, DeepReadonly<Verdict>> = true;
void schemaIsTheInterface;

export type VerdictFileErrorCode = 'not-json' | 'not-a-verdict' | 'other-version' | 'invalid';

/** A file that was to be a `verdict.json` is not one. The message says where, what was expected, and what to do. */
export class VerdictFileError extends Error {
  override readonly name = 'VerdictFileError';
  readonly code: VerdictFileErrorCode;

  constructor(code: VerdictFileErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const problemsShownMax = 10;

/** The verdict in `text`. `source` is the file's name, for the {@link VerdictFileError} that anything else throws. */
export function parseVerdict(text: string, source: string): Verdict {
  const data = parseJson(text, source);
  const head = z.object({ schema: z.literal('powercut-verdict'), schemaVersion: z.int() }).safeParse(data);
  if (!head.success) {
    throw new VerdictFileError(
      'not-a-verdict',
      `${source} is JSON, but not a powercut verdict: expected "schema": "powercut-verdict" and a "schemaVersion". Give the verdict.json of a run's directory.`,
    );
  }
  const { schemaVersion } = head.data;
  if (schemaVersion !== verdictSchemaVersion) {
    throw new VerdictFileError(
      'other-version',
      `${source} has schemaVersion ${schemaVersion}; this powercut reads ${verdictSchemaVersion}. Use the powercut that wrote it, or run the scenarios again.`,
    );
  }
  const parsed = verdictSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `  ${formatPath(path)}: ${message}`);
  const more = problems.length - problemsShownMax;
  if (more > 0) problems.splice(problemsShownMax, more, `  and ${more} more`);
  throw new VerdictFileError(
    'invalid',
    `${source} is damaged or was edited by hand:\n${problems.join('\n')}\nRun the scenarios again to write it anew.`,
    parsed.error,
  );
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VerdictFileError('not-json', `${source} is not JSON: ${reason}. Was it cut short?`, error);
  }
}

/** `scenarios[0].findings[1].claim`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}
