import { z } from 'zod';
import { claims, faultKinds } from '../reports/verdict.ts';
import { fileSystemNames } from '../src/faults/block/file-systems.ts';
import { deviceSchema } from '../src/faults/model/device.ts';
import type { Housing } from './container/housing.ts';
import { containerSchema } from './container/settings.ts';
import { programSchema } from './litmus/program.ts';

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

/** What `profiles` may name on the layers block and dm alone. */
const kernelOnly = fileSystemNames.filter((name) => !(profileNames as readonly string[]).includes(name));

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
    program: programSchema
      .optional()
      .describe('A litmus program: system calls, and nothing else (docs/litmus.md)'),
    onDisk: programSchema
      .optional()
      .describe('Goes with program: calls that were made before; what they leave is on disk'),
    container: containerSchema
      .optional()
      .describe('Where the commands run, if not on this machine itself (docs/containers.md)'),
    options: z
      .record(z.string(), z.unknown())
      .default({})
      .describe("Passed to the driver's or module's `open`"),
    environment: z.record(z.string(), z.string()).default({}).describe('Added to the environment'),
  })
  .superRefine((value, context) => {
    const report = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (value.program !== undefined) {
      for (const other of ['driver', 'module', 'workload'] as const) {
        if (value[other] !== undefined) report([other], `a litmus program is a subject without \`${other}\``);
      }
    } else if (value.onDisk !== undefined) {
      report(['onDisk'], '`onDisk` needs a `program` beside it');
    } else if (value.driver === undefined && value.module === undefined && value.workload === undefined) {
      report([], 'a subject needs `driver`, or `workload` and `checker`, or `module`, or `program`');
    }
    if (value.container !== undefined && value.driver === undefined && value.workload === undefined) {
      report(['container'], 'a container runs a process: it needs a `driver` or a `workload` beside it');
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

const outcome = z.strictObject({
  outcome: z.string().min(1).describe('"After the crash, ..."'),
  shown: z
    .string()
    .refine(isPattern, '`shown` is no regular expression: check its brackets')
    .describe('A regular expression on the image as one line'),
  allowed: z
    .array(z.enum(profileNames))
    .superRefine(unique)
    .describe('The profiles that allow it; all others of the scenario forbid it'),
});

export type Outcome = Readonly<z.output<typeof outcome>>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
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
    outcomes: z
      .array(outcome)
      .min(1)
      .optional()
      .describe('Of a litmus program: what may be found after the crash, and who allows it'),
    device: deviceSchema.optional().describe('What kind of disk the volumes are; the usual one where absent'),
    layer: z.enum(['auto', 'sim', 'fuse', 'block', 'dm']).default('auto'),
    profiles: z
      .array(z.enum([...profileNames, ...kernelOnly]))
      .min(1)
      .superRefine(unique)
      .default(['ext4-ordered', 'posix']),
    explore: z
      .strictObject({
        states: z.int().min(1).default(2000).describe('Crash states to judge for each fault and profile'),
        nested: z.boolean().default(true).describe('Also crash inside recovery'),
        sweep: z
          .enum(['each-unit'])
          .optional()
          .describe('Faults at rest: at every place there is, such as each stored sector, beyond `states`'),
        fsyncError: z
          .enum(['as-profile'])
          .optional()
          .describe(
            'A failed fsync is told as on the profile: on ext4-data-journal it answers 0, and the next one tells',
          ),
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
    mutation: z
      .strictObject({
        redundant: z
          .array(
            z.strictObject({
              barrier: z.string().min(1).describe('Its name, as `powercut mutate` shows it'),
              why: z.string().min(1).describe('Why no crash needs it, or why it is there all the same'),
            }),
          )
          .default([])
          .describe('Barriers that may be left out without any claim breaking'),
      })
      .optional()
      .describe('For `powercut mutate`: what is known of the barriers'),
    canary: z
      .strictObject({
        breaks: z.enum(claims),
        under: z.enum(faultKinds),
        forgiving: z
          .strictObject({
            on: z.array(z.enum(fileSystemNames)).min(1),
            why: z.string().min(1),
          })
          .exactOptional()
          .describe("The kernel's own file systems on which the bug does no harm, and why"),
      })
      .optional()
      .describe('A planted bug: the run is worthless unless this claim breaks under this fault'),
  })
  .superRefine((value, context) => {
    const report = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const isLitmus = value.subject.program !== undefined;
    const { legality, ...others } = value.claims;
    if (isLitmus !== (legality !== undefined)) {
      report(['claims'], 'a litmus program (`subject.program`) claims `legality`, and nothing else does');
    }
    if (isLitmus && Object.keys(others).length > 0) {
      report(['claims'], 'a litmus program claims `legality` alone');
    }
    if (legality?.some((fault) => fault !== 'power-loss' && fault !== 'torn-write')) {
      report(['claims', 'legality'], '`legality` is claimed under `power-loss` and `torn-write`');
    }
    if (isLitmus !== (value.outcomes !== undefined)) {
      report(['outcomes'], '`outcomes` and `subject.program` go together');
    }
    if (value.layer === 'sim' && value.subject.module === undefined && !isLitmus) {
      report(['layer'], 'the `sim` layer runs a subject in this process: it needs `subject.module`');
    }
    const needsProcess =
      !isLitmus && value.subject.driver === undefined && value.subject.workload === undefined;
    if (value.layer !== 'auto' && value.layer !== 'sim' && needsProcess) {
      report(
        ['layer'],
        `the \`${value.layer}\` layer runs a process: it needs a \`driver\` or a \`workload\``,
      );
    }
    if (value.layer !== 'block' && value.layer !== 'dm') {
      value.profiles.forEach((profile, index) => {
        if (kernelOnly.includes(profile))
          report(['profiles', index], `\`${profile}\` is a file system: it needs \`layer: block\` or \`dm\``);
      });
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

/** The subject brings its own workload: powercut asks it for nothing. */
export function asksNothing({ subject }: Scenario): boolean {
  return subject.workload !== undefined || subject.program !== undefined;
}

/** For modules: checks the types of a scenario while it is written. It is validated when it is loaded. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  return scenario;
}

/** A scenario and where it came from: `directory` is what its relative paths start from. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly file: string;
  readonly directory: string;
  /** Where its subject runs, if not on this machine itself. */
  readonly container?: Housing;
}
