import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import type { LayerName } from '../../src/faults/layer.ts';
import type { RunOptions } from '../options.ts';
import { parseDuration, parseProfiles, wholeNumber } from './arguments.ts';
import { parseReporter, type Reporter, reporterNames } from './reporters.ts';
import { defaultRunsDirectory } from './run-directory.ts';

/** What the command line asks of a run, whatever is done with its scenarios. */
export interface RunFlags {
  readonly seed: number;
  readonly layer?: LayerName;
  readonly container?: boolean;
  readonly profile?: readonly string[];
  readonly timeLimit?: number;
  readonly states?: number;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly jobs: number;
  readonly bail?: number;
  readonly reporter?: readonly Reporter[];
  readonly format: 'text' | 'json';
  readonly outputDir: string;
  readonly keep?: boolean;
  readonly doubleCheck?: boolean;
  readonly failOnUntested?: boolean;
  readonly canary?: boolean;
}

/** `states`: what `--states` counts. */
export function addRunOptions(command: Command, states: string): Command {
  return addCommonOptions(
    command
      .option('--seed <number>', 'all that is random follows from it', wholeNumber(0), 1)
      .option('--states <number>', states, wholeNumber(1)),
    'end the whole run after, for instance, 90s or 10m',
  );
}

/** Those that torture has, too. */
export function addCommonOptions(command: Command, timeLimit: string): Command {
  return command
    .addOption(
      new Option('--layer <layer>', "in place of the scenario's own").choices(['sim', 'fuse', 'block', 'dm']),
    )
    .option('--container', 'run the subject in its container (docs/containers.md)')
    .option('--no-container', 'run it on this machine, also where its scenario names an image')
    .option('--profile <names>', "in place of the scenario's own; repeatable, or a,b", parseProfiles)
    .option('--time-limit <duration>', timeLimit, parseDuration)
    .option('--jobs <number>', 'lanes; one takes one core', wholeNumber(1, 1024), availableParallelism())
    .option(
      '--reporter <name[=file]>',
      `${reporterNames.join(', ')}; on stdout, or into a file; repeatable (default: terminal)`,
      parseReporter,
    )
    .addOption(
      new Option('--format <format>', 'json: the verdict on stdout')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--output-dir <dir>', 'where each run gets a directory of its own', defaultRunsDirectory)
    .option('--keep', 'keep this run for good, though every claim held')
    .option('--double-check', 'run everything twice; the verdicts must be the same');
}

export function optionsOf(flags: RunFlags, outputDirectory: string, signal: AbortSignal): RunOptions {
  const {
    seed,
    jobs,
    layer,
    container,
    profile,
    states,
    timeLimit,
    shard,
    bail,
    doubleCheck = false,
  } = flags;
  return {
    seed,
    jobs,
    doubleCheck,
    outputDirectory,
    signal,
    ...(layer !== undefined && { layer }),
    ...(container !== undefined && { container }),
    ...(profile !== undefined && { profiles: profile }),
    ...(states !== undefined && { states }),
    ...(timeLimit !== undefined && { timeLimitSeconds: timeLimit }),
    ...(shard !== undefined && { shard }),
    ...(bail !== undefined && { bail }),
  };
}

export function reportersOf({ format, reporter = [] }: RunFlags): readonly Reporter[] {
  return format === 'json' ? parseReporter('json', reporter) : reporter;
}
