import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { Command, Option } from 'commander';
import type { Verdict } from '../../reports/verdict.ts';
import { writeReports } from '../../reports/write.ts';
import type { LayerName } from '../../src/faults/layer.ts';
import { againInUserNamespace } from '../namespace.ts';
import type { RunOptions } from '../options.ts';
import { runScenarios } from '../run.ts';
import type { LoadedScenario } from '../scenario.ts';
import { startStatus } from '../status.ts';
import { parseDuration, parseProfiles, parseShard, wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { exitCodeOf } from './exit.ts';
import { withInterruption } from './interruption.ts';
import { emitReports, parseReporter, type Reporter, reporterNames } from './reporters.ts';
import {
  createRunDirectory,
  defaultRunsDirectory,
  keepRun,
  pruneRuns,
  removeIfEmpty,
} from './run-directory.ts';
import { scenariosFrom } from './scenario-arguments.ts';

interface RunFlags {
  readonly seed: number;
  readonly layer?: LayerName;
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
}

export function runCommand(context: CommandContext): Command {
  return new Command('run')
    .summary('put scenarios to the test')
    .description(
      'Records each scenario once, cuts the power in every legal way, lets the subject recover, and judges its claims.',
    )
    .argument('[scenario...]', 'files, directories, or names in ./scenarios (default: all of ./scenarios)')
    .option('--seed <number>', 'all that is random follows from it', wholeNumber(0), 1)
    .addOption(
      new Option('--layer <layer>', "in place of the scenario's own").choices(['sim', 'fuse', 'block', 'dm']),
    )
    .option('--profile <names>', "in place of the scenario's own; repeatable, or a,b", parseProfiles)
    .option('--time-limit <duration>', 'end the whole run after, for instance, 90s or 10m', parseDuration)
    .option('--states <number>', 'crash states for each fault and profile', wholeNumber(1))
    .option('--shard <part/parts>', 'judge only this part of the crash states, such as 2/8', parseShard)
    .option('--jobs <number>', 'lanes; one takes one core', wholeNumber(1, 1024), availableParallelism())
    .option('--bail [n]', 'stop after n findings, or the first', wholeNumber(1))
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
    .option('--double-check', 'run everything twice; the verdicts must be the same')
    .option('--fail-on-untested', 'answer 2 where a stated claim could not be tested here')
    .action((names: string[], flags: RunFlags) => run(names, flags, context));
}

async function run(names: readonly string[], flags: RunFlags, context: CommandContext): Promise<void> {
  const scenarios = await scenariosFrom(names);
  const answered = await againInUserNamespace();
  if (answered !== undefined) return context.exit(answered);
  const scenarioNames = scenarios.map(({ scenario }) => scenario.name);
  const directory = createRunDirectory(flags.outputDir, context.now(), scenarioNames);
  const verdict = await runWithStatus(scenarios, flags, directory, context).catch((error: unknown) => {
    if (!removeIfEmpty(directory))
      context.progress.write(`what the run had written: ${relative('', directory)}\n`);
    throw error;
  });
  const written = await writeReports(verdict, directory);
  const { width, colour } = context.output;
  const look = { width, colour, reportPath: relative('', written.html) };
  emitReports(verdict, reportersOf(flags), look, (text) => context.output.write(text));
  if (flags.keep === true) keepRun(directory);
  pruneRuns(flags.outputDir, directory);
  context.exit(exitCodeOf(verdict, flags));
}

async function runWithStatus(
  scenarios: readonly LoadedScenario[],
  flags: RunFlags,
  directory: string,
  { progress, clock }: CommandContext,
): Promise<Verdict> {
  const status = startStatus(progress, { clock, timeLimitSeconds: flags.timeLimit });
  try {
    return await withInterruption(status.say, (signal) =>
      runScenarios(scenarios, optionsOf(flags, directory, signal), status.update),
    );
  } finally {
    status.stop();
  }
}

function optionsOf(flags: RunFlags, outputDirectory: string, signal: AbortSignal): RunOptions {
  const { seed, jobs, layer, profile, states, timeLimit, shard, bail, doubleCheck = false } = flags;
  return {
    seed,
    jobs,
    doubleCheck,
    outputDirectory,
    signal,
    ...(layer !== undefined && { layer }),
    ...(profile !== undefined && { profiles: profile }),
    ...(states !== undefined && { states }),
    ...(timeLimit !== undefined && { timeLimitSeconds: timeLimit }),
    ...(shard !== undefined && { shard }),
    ...(bail !== undefined && { bail }),
  };
}

function reportersOf({ format, reporter = [] }: RunFlags): readonly Reporter[] {
  return format === 'json' ? parseReporter('json', reporter) : reporter;
}
