import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { parseVerdict, VerdictFileError } from '../../reports/schema.ts';
import type { Verdict } from '../../reports/verdict.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { emitReports, parseReporter, type Reporter, reporterNames } from './reporters.ts';
import { defaultRunsDirectory } from './run-directory.ts';

export function reportCommand(context: CommandContext): Command {
  return new Command('report')
    .summary('show the verdict of an earlier run again')
    .description('Renders the verdict.json of a run again. Answers 0, whatever the verdict is.')
    .argument('[dir]', "a run's directory, or a verdict.json", join(defaultRunsDirectory, 'latest'))
    .option(
      '--reporter <name[=file]>',
      `${reporterNames.join(', ')}; on stdout, or into a file; repeatable (default: terminal)`,
      parseReporter,
    )
    .action((path: string, options: { readonly reporter?: readonly Reporter[] }) => {
      const verdict = readVerdict(path);
      const { width, colour } = context.output;
      const html = join(path, 'report.html');
      const look = { width, colour, ...(existsSync(html) && { reportPath: html }) };
      emitReports(verdict, options.reporter ?? [], look, (text) => context.output.write(text));
    });
}

function readVerdict(path: string): Verdict {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isDirectory ? join(path, 'verdict.json') : path;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      exitCodes.usage,
      `there is no verdict to read: ${reason}\nName the directory of a run, such as ${defaultRunsDirectory}/latest.`,
    );
  }
  try {
    return parseVerdict(text, file);
  } catch (error) {
    if (error instanceof VerdictFileError) throw new CommandFailure(exitCodes.usage, error.message);
    throw error;
  }
}
