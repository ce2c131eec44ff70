import { z } from 'zod';
import type { Operation } from './model/operation.ts';

/**
 * The faults of one run and when each fires. Plain JSON, so that it crosses process borders and stands in replay files.
 * docs/fault-model.md, section 4, says what each fault does to its disk.
 */
export type Plan = readonly PlanRule[];

/** Where, when, and what. A rule without a volume or a path is for all of them. */
export type PlanRule = Readonly<z.output<typeof planRuleSchema>>;

export type FaultName = PlanRule['fault'];
export type PlannedFault<Name extends FaultName> = Extract<PlanRule, { readonly fault: Name }>;

/** A rule of the plan fired: at the operation that became (or would have become) trace entry `entry`. */
export interface Firing {
  /** The rule's own, or the one that it was given. */
  readonly id: string;
  readonly rule: PlanRule;
  readonly entry: number;
  readonly volume: string;
  readonly operation: PlannedOperation;
  /** From the root of the volume, '' for the root; of a file with several names, one; undefined without any. */
  readonly path: string | undefined;
}

/** A rule that is in place. */
export interface RuleState {
  readonly id: string;
  readonly rule: PlanRule;
  /** The event that it stands `after` has not come to pass. */
  readonly waiting: boolean;
  /** How many operations it has counted. */
  readonly matched: number;
  /** Its time came, whether or not there was anything that it could do. */
  readonly wasDue: boolean;
  readonly fired: number;
  /** Why it has not fired; absent once it has. */
  readonly why?: string;
}

/** What a rule may wait for: what changes a volume or makes it durable, and looking at a file. */
export type PlannedOperation = Exclude<Operation['kind'], 'medium'> | 'open' | 'read';

const operations = [
  'create',
  'link',
  'unlink',
  'rename',
  'write',
  'truncate',
  'allocate',
  'set-meta',
  'set-xattr',
  'sync',
  'close',
  'open',
  'read',
] as const satisfies readonly PlannedOperation[];

const ordinal = z.int().min(1, 'operations are counted from 1');
const wholeNumber = z.int().min(0);

/** `when` is one of `nth`, `every`, `from` and `chance`; without any, each matching operation is meant. */
const whereAndWhen = {
  id: z
    .string()
    .regex(/^[\w.-]+$/, 'an id has letters, digits, `.`, `_` and `-`')
    .exactOptional(),
  volume: z.string().exactOptional(),
  /** `*` and `?` stay inside a name, `**` crosses directories: `wal/*.seg`. From the root of the volume. */
  path: z.string().min(1).exactOptional(),
  /** `any`: whatever the trace records; `open` and `read` leave no trace and are not among them. */
  operation: z.enum(['any', ...operations]),
  /** Operations count once this event has come to pass (docs/fault-control.md); `*` and `?` are wildcards. */
  after: z.string().min(1).exactOptional(),
  /** The n-th matching operation since the rule was put in place. */
  nth: ordinal.exactOptional(),
  /** The n-th, the 2n-th, and so on. */
  every: ordinal.exactOptional(),
  /** From the n-th on; up to the one before the `until`-th, or for good. */
  from: ordinal.exactOptional(),
  until: ordinal.exactOptional(),
  /** Each with this probability, drawn with `seed`. */
  chance: z.number().min(0).max(1).exactOptional(),
  /** For what the fault draws: its chance, its place, its bit. 0 where absent. */
  seed: z.int().exactOptional(),
};

/** How much of a write is carried out before the error: 0 (none, where absent) up to 1 (all of it), in whole sectors. */
const part = z.number().min(0).max(1).exactOptional();

const errnoNames = ['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'ENODEV', 'EAGAIN', 'EINTR', 'ENOMEM'] as const;

const faults = [
  /**
   * SIGKILL to the process group that asked; the operation is not carried out. `atMs`: the first one from this many
   * milliseconds after the rule was put in place. To the disk, a kill between two operations is a kill at the later one.
   */
  z.strictObject({ ...whereAndWhen, fault: z.literal('process-kill'), atMs: wholeNumber.exactOptional() }),
  /**
   * The barrier fails as it does on the file system `as` (ext4-ordered where absent): Rebello et al., ATC 2020. The data
   * that it met stays unsure for good.
   */
  z.strictObject({
    ...whereAndWhen,
    fault: z.literal('fsync-error'),
    as: z.enum(['ext4-ordered', 'ext4-data-journal', 'xfs', 'btrfs']).exactOptional(),
  }),
  /** `lasts`: the sectors that the operation touched go on failing, until they are written, or for good. */
  z.strictObject({
    ...whereAndWhen,
    fault: z.literal('io-error'),
    errno: z.enum(errnoNames).exactOptional(),
    part,
    lasts: z.enum(['until-rewritten', 'for-good']).exactOptional(),
  }),
  /**
   * One sector cannot be read until it is written again: the one at `offset` of the file, or else the first that the
   * operation touches. After `spares` such writes (any number where absent) writing it fails, too.
   */
  z.strictObject({
    ...whereAndWhen,
    fault: z.literal('latent-sector-error'),
    offset: wholeNumber.exactOptional(),
    spares: wholeNumber.exactOptional(),
  }),
  /** One bit of what the operation touches flips: on the medium (`at-rest`, where absent), or in a read's answer alone. */
  z.strictObject({
    ...whereAndWhen,
    fault: z.literal('bit-rot'),
    at: z.enum(['at-rest', 'read']).exactOptional(),
  }),
  /** The barrier answers 0 and makes nothing durable. */
  z.strictObject({ ...whereAndWhen, fault: z.literal('lost-fsync') }),
  /** The write answers its length and never reaches the medium. */
  z.strictObject({ ...whereAndWhen, fault: z.literal('lost-write') }),
  /** The write reaches the medium somewhere else on its volume, over what was there. */
  z.strictObject({ ...whereAndWhen, fault: z.literal('misdirected-write') }),
  /** The read answers what an earlier barrier had made durable: the newest other bytes (`back` 1, where absent), or older ones. */
  z.strictObject({ ...whereAndWhen, fault: z.literal('stale-read'), back: ordinal.exactOptional() }),
  /** ENOSPC. With `capacityBytes`, only where the volume's files would take more than that. */
  z.strictObject({
    ...whereAndWhen,
    fault: z.literal('disk-full'),
    capacityBytes: wholeNumber.exactOptional(),
    part,
  }),
  /** Fewer bytes than asked (half, at least one); or EINTR and none. */
  z.strictObject({ ...whereAndWhen, fault: z.literal('short-io'), interrupted: z.boolean().exactOptional() }),
  /** Answered late: after `delayMs`, or a time drawn between that and `delayMsMax`. */
  z.strictObject({
    ...whereAndWhen,
    fault: z.literal('slow'),
    delayMs: z.number().min(0),
    delayMsMax: z.number().min(0).exactOptional(),
  }),
  /** No fault of its own: the cache lets go of the file's clean pages before the operation, and shows the medium. */
  z.strictObject({ ...whereAndWhen, fault: z.literal('cache-drop') }),
] as const;

export const planRuleSchema = z.discriminatedUnion('fault', faults).superRefine((rule, context) => {
  const report = (message: string) => context.addIssue({ code: 'custom', message });
  const befalls: readonly string[] = befallenBy[rule.fault];
  if (!befalls.includes(rule.operation)) {
    const kinds = befalls.length === 1 ? 'operation' : 'operations';
    report(`${rule.fault} on ${rule.operation}: it can only befall the ${kinds} ${befalls.join(', ')}`);
  }
  const at = rule.fault === 'process-kill' ? rule.atMs : undefined;
  const whens = [rule.nth, rule.every, rule.from, rule.chance, at].filter((when) => when !== undefined);
  if (whens.length > 1) report('it has several of nth, every, from and chance (or atMs): keep one');
  if (rule.fault === 'bit-rot' && rule.at === 'read' && rule.operation !== 'read')
    report('at read: only a read has an answer that can rot; put it on read');
  if (rule.until !== undefined && rule.from === undefined) report('it has until without from');
});

const fileOperations = ['write', 'truncate', 'allocate', 'sync', 'open', 'read'] as const;

/** Which operations a fault has a meaning for. */
export const befallenBy: Readonly<
  Record<(typeof faults)[number]['shape']['fault']['value'], readonly string[]>
> = {
  'process-kill': ['any', ...operations],
  'fsync-error': ['sync'],
  'io-error': ['any', ...operations.filter((kind) => kind !== 'close')],
  'latent-sector-error': ['read', 'write'],
  'bit-rot': fileOperations,
  'lost-fsync': ['sync'],
  'lost-write': ['write'],
  'misdirected-write': ['write'],
  'stale-read': ['read'],
  'disk-full': ['any', 'create', 'link', 'rename', 'write', 'allocate', 'set-xattr'],
  'short-io': ['read', 'write'],
  slow: ['any', ...operations],
  'cache-drop': fileOperations,
};

/** Throws an Error that says which rule cannot be, and why. */
export function checkPlan(plan: Plan): void {
  const ids = new Set<string>();
  for (const [index, rule] of plan.entries()) {
    const problem =
      problemOf(rule) ?? (rule.id !== undefined && ids.has(rule.id) ? takenId(rule.id) : undefined);
    if (problem !== undefined) throw new Error(`rule ${index + 1} of the plan: ${problem}`);
    if (rule.id !== undefined) ids.add(rule.id);
  }
}

/** What is wrong with a rule, undefined if nothing is. */
export function problemOf(rule: unknown): string | undefined {
  const { error } = planRuleSchema.safeParse(rule);
  return error?.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}

export function takenId(id: string): string {
  return `there is a rule with the id ${id} already`;
}
