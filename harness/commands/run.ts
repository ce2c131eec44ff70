import { relative } from 'node:path';
import { Command } from 'commander';
import type { Verdict } from '../../reports/verdict.ts';
import { writeReports } from '../../reports/write.ts';
import { loadCanary } from '../canary.ts';
import { problemOfProfiles } from '../disks.ts';
import { againInUserNamespace } from '../namespace.ts';
import { runScenarios } from '../run.ts';
import type { LoadedScenario } from '../scenario.ts';
import { type JudgeScenario, runScenario } from '../scenario-run.ts';
import { startStatus } from '../status.ts';
import { parseShard, wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodeOf, exitCodes } from './exit.ts';
import { withInterruption } from './interruption.ts';
import { emitReports } from './reporters.ts';
import { createRunDirectory, keepRun, pruneRuns, removeIfEmpty } from './run-directory.ts';
import { addRunOptions, optionsOf, type RunFlags, reportersOf } from './run-options.ts';
import { scenariosFrom } from './scenario-arguments.ts';

export function runCommand(context: CommandContext): Command {
  const command = new Command('run')
    .summary('put scenarios to the test')
    .description(
      'Records each scenario once, cuts the power in every legal way, lets the subject recover, and judges its claims.',
    )
    .argument('[scenario...]', 'files, directories, or names in ./scenarios (default: all of ./scenarios)');
  return addRunOptions(command, 'crash states for each fault and profile')
    .option('--shard <part/parts>', 'judge only this part of the crash states, such as 2/8', parseShard)
    .option('--bail [n]', 'stop after n findings, or the first', wholeNumber(1))
    .option('--fail-on-untested', 'answer 2 where a stated claim could not be tested here')
    .option(
      '--canary',
      'also look for a known bug, without which the run is worthless (default where CI=true)',
      process.env.CI === 'true',
    )
    .option('--no-canary', 'do not')
    .action((names: string[], flags: RunFlags) => runAndReport(names, flags, context));
}

/** Judges the scenarios that are named, each by `judgeOne`, writes and shows the reports, and answers the exit code. */
export async function runAndReport(
  names: readonly string[],
  flags: RunFlags,
  context: CommandContext,
  judgeOne: JudgeScenario = runScenario,
): Promise<void> {
  const scenarios = await scenariosFrom(names);
  checkProfiles(scenarios, flags);
  const answered = await againInUserNamespace();
  if (answered !== undefined) return context.exit(answered);
  const scenarioNames = scenarios.map(({ scenario }) => scenario.name);
  const directory = createRunDirectory(flags.outputDir, context.now(), scenarioNames);
  const verdict = await runWithStatus(scenarios, flags, directory, context, judgeOne).catch(
    (error: unknown) => {
      if (!removeIfEmpty(directory))
        context.progress.write(`what the run had written: ${relative('', directory)}\n`);
      throw error;
    },
  );
  const written = await writeReports(verdict, directory);
  const { width, colour } = context.output;
  const look = { width, colour, reportPath: relative('', written.html) };
  emitReports(verdict, reportersOf(flags), look, (text) => context.output.write(text));
  if (flags.keep === true) keepRun(directory);
  pruneRuns(flags.outputDir, directory);
  context.exit(exitCodeOf(verdict, flags));
}

/** Throws where a profile that is asked for is not to be had on the layer that is asked for. */
function checkProfiles(scenarios: readonly LoadedScenario[], { layer, profile }: RunFlags): void {
  for (const { scenario } of scenarios) {
    const problem = problemOfProfiles(scenario, layer ?? scenario.layer, profile);
    if (problem !== undefined) throw new CommandFailure(exitCodes.usage, `${scenario.name}: ${problem}`);
  }
}

async function runWithStatus(
  scenarios: readonly LoadedScenario[],
  flags: RunFlags,
  directory: string,
  { progress, clock }: CommandContext,
  judgeOne: JudgeScenario,
): Promise<Verdict> {
  const canary = flags.canary === true ? { canary: await loadCanary() } : {};
  const status = startStatus(progress, { clock, timeLimitSeconds: flags.timeLimit });
  try {
    return await withInterruption(status.say, (signal) =>
      runScenarios(scenarios, { ...optionsOf(flags, directory, signal), ...canary }, status.update, judgeOne),
    );
  } finally {
    status.stop();
  }
}
