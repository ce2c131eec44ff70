import { Command } from 'commander';
import { mutateScenario } from '../mutate/scenario.ts';
import type { CommandContext } from './context.ts';
import { runAndReport } from './run.ts';
import { addRunOptions, type RunFlags } from './run-options.ts';

const answers = `
Answers: 0 a claim breaks without each barrier, or the scenario says why it is redundant; 1 no claim breaks without
one of them (undetected); 2 one is redundant and the scenario does not say why, or something is unknown.`;

export function mutateCommand(context: CommandContext): Command {
  const command = new Command('mutate')
    .summary('leave out each fsync, and see whether the tests notice')
    .description(
      'Records each scenario, leaves out one of its barriers after the other, and asks whether some crash then breaks a claim.',
    )
    .argument('<scenario...>', 'files, directories, or names in ./scenarios')
    .addHelpText('after', answers);
  return addRunOptions(command, 'crash states for each barrier, fault and profile (default: 1000)').action(
    (names: string[], flags: RunFlags) => runAndReport(names, flags, context, mutateScenario),
  );
}
