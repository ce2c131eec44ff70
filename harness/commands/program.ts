import { Command, CommanderError } from 'commander';
import type { CommandContext } from './context.ts';
import { doctorCommand } from './doctor.ts';
import { exitCodes } from './exit.ts';
import { faultCommand } from './fault.ts';
import { initCommand } from './init.ts';
import { listCommand } from './list.ts';
import { mountCommand } from './mount.ts';
import { mutateCommand } from './mutate.ts';
import { replayCommand } from './replay.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { tortureCommand } from './torture.ts';
import { vmCommand } from './vm.ts';
import { walCommand } from './wal.ts';

const exitCodeHelp = `
Answers: 0 every stated claim held, 1 a claim was violated, 2 something is unknown, 64 wrong use or
an invalid scenario, 69 a required layer is missing, 70 powercut itself failed, 130 and 143 interrupted.`;

/** The whole command line. It parses `parameters` (without node and the script) and carries them out. */
export async function runProgram(
  parameters: readonly string[],
  context: CommandContext,
  version: string,
): Promise<void> {
  const program = new Command('powercut')
    .description(
      'Which durability claims of a program hold when the power goes, the process dies or the disk misbehaves, ' +
        'and what is the smallest proof when one does not?',
    )
    .version(version)
    .option('--no-color', 'no colours (NO_COLOR and FORCE_COLOR are heeded too)')
    .addHelpText('after', exitCodeHelp);
  const commands = [
    runCommand,
    replayCommand,
    tortureCommand,
    mutateCommand,
    mountCommand,
    faultCommand,
    listCommand,
    doctorCommand,
    initCommand,
    reportCommand,
    vmCommand,
    walCommand,
  ];
  for (const make of commands) program.addCommand(make(context));
  configure(program, context);
  try {
    await program.parseAsync(withBailNumber(parameters), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has shown the message already; asking for help or the version is not wrong use.
    context.exit(error.exitCode === 0 ? exitCodes.held : exitCodes.usage);
  }
}

/** The parent's settings do not reach commands that were made elsewhere: give them to all. */
function configure(command: Command, context: CommandContext): void {
  command
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .configureOutput({
      writeOut: (text) => context.output.write(text),
      writeErr: (text) => context.progress.write(text),
      getOutHelpWidth: () => context.output.width,
      getErrHelpWidth: () => context.progress.width,
      getOutHasColors: () => context.output.colour,
      getErrHasColors: () => context.progress.colour,
    });
  for (const child of command.commands) configure(child, context);
}

/** `--bail` alone means 1. commander would take the scenario that follows it for its value. */
function withBailNumber(parameters: readonly string[]): string[] {
  const end = parameters.indexOf('--');
  return parameters.map((text, index) => (text === '--bail' && (end < 0 || index < end) ? '--bail=1' : text));
}
