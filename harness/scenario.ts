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
  .array(z.string().min(1), { error: 'a list of the program and its arguments, such as [node, ./driver.js]' })
  .min(1);

const subject = z
  .strictObject({
    driver: command
      .optional()
      .describe(
        'A driver process that speaks the line protocol. `./` and `../` start from the scenario file',
      ),
    module: z
      .string()
      .regex(/^(\.{0,2}\/)/, 'a path from the scenario file that begins with ./ or ../')
      .optional()
      .describe('A module whose export `createSubject` makes a subject in this process, for the sim layer'),
    workload: command
      .optional()
      .describe("Any program; works in the volume's directory, each line it prints is an acknowledgement"),
    checker: command
      .optional()
      .describe(
        'Goes with workload: runs on each crash image; exit 0 fine, 1 violated, anything else unknown',
      ),
    prepare: command
      .optional()
      .describe('Goes with workload: runs once before recording; what it leaves is on disk'),
    options: z
      .record(z.string(), z.unknown())
      .default({})
      .describe("Passed to the driver's or module's `open`"),
    environment: z.record(z.string(), z.string()).default({}).describe('Added to the environment'),
  })
  .superRefine((value, context) => {
    const report = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (value.driver === undefined && value.module === undefined && value.workload === undefined) {
      report([], 'a subject needs `driver`, or `workload` and `checker`, or `module`');
    }
    if (value.workload !== undefined) {
      if (value.checker === undefined) report(['workload'], '`workload` needs a `checker` beside it');
      for (const other of ['driver', 'module'] as const) {
        if (value[other] !== undefined)
          report([other], `a subject has \`workload\` or \`${other}\`, not both`);
      }
      if (Object.keys(value.options).length > 0) {
        report(
          ['options'],
          '`options` reach a driver or a module; give a workload arguments or `environment`',
        );
      }
    } else {
      for (const other of ['checker', 'prepare'] as const) {
        if (value[other] !== undefined) report([other], `\`${other}\` needs a \`workload\` beside it`);
      }
    }
  });

function unique<T>(values: readonly T[], context: z.RefinementCtx): void {
  values.forEach((value, index) => {
    if (values.indexOf(value) < index) {
      context.addIssue({ code: 'custom', path: [index], message: `\`${value}\` is in the list already` });
    }
  });
}

const volumeName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and hyphens');

export const scenarioSchema = z
  .strictObject({
    $schema: z.string().optional().describe('For editors: where the JSON Schema of this file is'),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and hyphens'),
    description: z.string().optional(),
    subject,
    volumes: z
      .array(volumeName)
      .min(1)
      .superRefine(unique)
      .default(['data'])
      .describe('Simulated disks; the subject starts in the first'),
    workload: z
      .strictObject({
        operations: z.int().min(1).max(100_000).default(12).describe('Mutations asked of a driver or module'),
        batch: z.int().min(0).max(1000).default(3).describe('Records of a batch, 0 for no batches'),
        valueBytesMax: z.int().min(1).max(1_048_576).default(600).describe('Longest value'),
        keys: z.int().min(1).max(100_000).default(4).describe('Different keys (key-value subjects)'),
      })
      .prefault({}),
    claims: z
      .partialRecord(z.enum(claims), z.array(z.enum(faultKinds)).min(1).superRefine(unique))
      .refine((value) => Object.keys(value).length > 0, 'at least one claim must be stated')
      .describe('Claim to the faults under which the subject makes it'),
    layer: z.enum(['auto', 'sim', 'fuse', 'block', 'dm']).default('auto'),
    profiles: z.array(z.enum(profileNames)).min(1).superRefine(unique).default(['ext4-ordered', 'posix']),
    explore: z
      .strictObject({
        states: z.int().min(1).default(2000).describe('Crash states to judge for each fault and profile'),
        nested: z.boolean().default(true).describe('Also crash inside recovery'),
        timeoutSeconds: z
          .number()
          .positive()
          .max(3600)
          .default(10)
          .describe('Seconds that one request to the subject, or one checker, may take'),
        kills: z
          .int()
          .min(0)
          .max(100_000)
          .default(10)
          .describe('Real kills and reopens of the process-kill torture'),
      })
      .prefault({}),
    canary: z
      .strictObject({ breaks: z.enum(claims), under: z.enum(faultKinds) })
      .optional()
      .describe('A planted bug: the run is worthless unless this claim breaks under this fault'),
  })
  .superRefine((value, context) => {
    const report = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (value.layer === 'sim' && value.subject.module === undefined) {
      report(['layer'], 'the `sim` layer runs a subject in this process: it needs `subject.module`');
    }
    const needsProcess = value.subject.driver === undefined && value.subject.workload === undefined;
    if (value.layer !== 'auto' && value.layer !== 'sim' && needsProcess) {
      report(
        ['layer'],
        `the \`${value.layer}\` layer runs a process: it needs a \`driver\` or a \`workload\``,
      );
    }
    if (value.canary !== undefined) {
      const { breaks, under } = value.canary;
      const stated = value.claims[breaks];
      if (stated === undefined) {
        report(['canary', 'breaks'], `the scenario does not state \`${breaks}\`: add it to \`claims\``);
      } else if (!stated.includes(under)) {
        report(['canary', 'under'], `\`${breaks}\` is not stated under \`${under}\`: add it to \`claims\``);
      }
    }
  });

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;

/** For modules: checks the types of a scenario while it is written. It is validated when it is loaded. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  return scenario;
}

/** A scenario and where it came from: `directory` is what its relative paths start from. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly file: string;
  readonly directory: string;
}
