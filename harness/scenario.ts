import { z } from 'zod';
import { claims, faultKinds } from '../reports/verdict.ts';

/** What a scenario file holds. docs/scenarios.md is its reference. */

export const profileNames = [
  'posix',
  'hostile',
  'ext4-ordered',
  'ext4-data-journal',
  'xfs',
  'btrfs',
  'lying-disk',
] as const;

const command = z
  .array(z.string().min(1))
  .min(1)
  .describe('Program and arguments; relative paths are from the scenario file');

const subject = z.strictObject({
  /** A driver process that speaks the line protocol. */
  driver: command.optional(),
  /** A module whose export `createSubject` makes a subject in this process; for the `sim` layer. */
  module: z.string().min(1).optional(),
  /** Any program: does its work in the volume's directory; each line that it prints is an acknowledgement. */
  workload: command.optional(),
  /** Goes with `workload`: exit 0 fine, 1 violated, anything else unknown. */
  checker: command.optional(),
  /** Goes with `workload`: run once before recording; what it leaves is on disk. */
  prepare: command.optional(),
  /** Passed to `open`. */
  options: z.record(z.string(), z.unknown()).default({}),
  environment: z.record(z.string(), z.string()).default({}),
});

export const scenarioSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and hyphens'),
  description: z.string().optional(),
  subject,
  volumes: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]*$/))
    .min(1)
    .default(['data']),
  workload: z
    .strictObject({
      operations: z.int().min(1).max(100_000).default(12),
      /** Records of a batch, 0 for no batches. */
      batch: z.int().min(0).max(1000).default(3),
      valueBytesMax: z.int().min(1).max(1_048_576).default(600),
      /** Different keys (kv). */
      keys: z.int().min(1).max(100_000).default(4),
    })
    .prefault({}),
  /** Claim to the faults under which the subject makes it. */
  claims: z.partialRecord(z.enum(claims), z.array(z.enum(faultKinds)).min(1)),
  layer: z.enum(['auto', 'sim', 'fuse', 'block', 'dm']).default('auto'),
  profiles: z.array(z.enum(profileNames)).min(1).default(['ext4-ordered', 'posix']),
  explore: z
    .strictObject({
      /** Crash states to judge for each fault and profile. */
      states: z.int().min(1).default(2000),
      /** Also crash inside recovery. */
      nested: z.boolean().default(true),
      /** Seconds that one request to the subject, or one checker, may take. */
      timeoutSeconds: z.number().positive().max(3600).default(10),
      /** Real kills and reopens of the `process-kill` torture. */
      kills: z.int().min(0).max(100_000).default(10),
    })
    .prefault({}),
  /** A planted bug: the run is worthless unless this claim breaks. */
  canary: z.strictObject({ breaks: z.enum(claims), under: z.enum(faultKinds) }).optional(),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;

/** A scenario and where it came from: `directory` is what its relative paths start from. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly file: string;
  readonly directory: string;
}
