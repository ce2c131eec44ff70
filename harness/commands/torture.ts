import { Command, Option } from 'commander';
import { type FaultKind, faultKinds } from '../../reports/verdict.ts';
import { tortureWithin } from '../torture/scenario.ts';
import { wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { runAndReport } from './run.ts';
import { addCommonOptions, type RunFlags } from './run-options.ts';
import { describeSeed, parseSeed, type Seed } from './seed.ts';

interface TortureFlags extends Omit<RunFlags, 'seed'> {
  readonly seed?: Seed;
  readonly cycles?: number;
  readonly fault?: FaultKind;
}

export function tortureCommand(context: CommandContext): Command {
  const command = new Command('torture')
    .summary('let everything befall a scenario, again and again')
    .description(
      'Draws faults, workloads and kills at random, cycle after cycle on what the last one left, and judges all claims that hold under them.',
    )
    .argument('<scenario...>', 'files, directories, or names in ./scenarios')
    .option(
      '--seed <number|commit>',
      'all that is random follows from it: a number, or a git commit such as HEAD (default: 1)',
      (text: string) => parseSeed(text),
    )
    .option(
      '--cycles <number>',
      'end after so many cycles of each (default: 1000 without --time-limit)',
      wholeNumber(1),
    )
    .addOption(new Option('--fault <name>', 'let nothing befall it but this').choices(faultKinds));
  return addCommonOptions(command, 'end the torture of each scenario after, for instance, 90s or 10m')
    .option('--bail [n]', 'end after n different violations, or the first', wholeNumber(1))
    .option('--fail-on-untested', 'answer 2 where a stated claim could not be tested')
    .action(
      async (names: string[], { cycles, fault, timeLimit, seed = { value: 1 }, ...flags }: TortureFlags) => {
        const told = describeSeed(seed);
        if (told !== undefined) context.progress.write(`${told}\n`);
        const limits = {
          ...(cycles === undefined ? {} : { cycles }),
          ...(fault === undefined ? {} : { fault }),
          ...(timeLimit === undefined ? {} : { timeLimitSeconds: timeLimit }),
          ...(told === undefined ? {} : { note: `With ${told}.` }),
        };
        await runAndReport(names, { ...flags, seed: seed.value }, context, tortureWithin(limits));
      },
    );
}
