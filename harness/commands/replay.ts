import { Command } from 'commander';
import { againInUserNamespace } from '../namespace.ts';
import { type ReplayOutcome, replay } from '../replay.ts';
import { ReplayUnavailable } from '../replay-needs.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { withInterruption } from './interruption.ts';

export function replayCommand(context: CommandContext): Command {
  return new Command('replay')
    .summary('show a finding again, from its token or file')
    .description(
      'Lays out the crash image of a finding again, lets the subject recover on it, and judges.\n' +
        'Answers 1 where the claim breaks again, 0 where it holds now: fit for `git bisect run`.',
    )
    .argument('<token|file>', "the token of a finding's replay command, or its replay file")
    .option('--container', 'run the subject in its container (default: as when the finding was made)')
    .option('--no-container', 'run it on this machine')
    .action(async (tokenOrFile: string, { container }: { readonly container?: boolean }) => {
      const answered = await againInUserNamespace();
      if (answered !== undefined) return context.exit(answered);
      const { outcome, interrupted } = await withInterruption(context.progress.write, async (signal) => ({
        outcome: await replayHere(tokenOrFile, { signal, ...(container !== undefined && { container }) }),
        interrupted: signal.aborted ? (signal.reason as 'SIGINT' | 'SIGTERM') : undefined,
      }));
      context.output.write(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`);
      if (interrupted !== undefined) context.exit(exitCodes[interrupted]);
      else context.exit(outcome.reproduced ? exitCodes.violated : exitCodes.held);
    });
}

async function replayHere(...parameters: Parameters<typeof replay>): Promise<ReplayOutcome> {
  try {
    return await replay(...parameters);
  } catch (error) {
    if (error instanceof ReplayUnavailable) throw new CommandFailure(exitCodes.unavailable, error.message);
    throw error;
  }
}
