import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Command } from 'commander';
import { joinParts, PartsError } from '../../reports/join.ts';
import { parseVerdict, VerdictFileError } from '../../reports/schema.ts';
import type { Verdict } from '../../reports/verdict.ts';
import { writeReports } from '../../reports/write.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodeOf, exitCodes } from './exit.ts';
import { emitReports, parseReporter, type Reporter, reporterNames } from './reporters.ts';
import { createRunDirectory, defaultRunsDirectory, removeIfEmpty } from './run-directory.ts';

export function reportCommand(context: CommandContext): Command {
  return new Command('report')
    .summary('show the verdict of an earlier run again, or join the parts of one')
    .description(
      'Renders the verdict.json of a run again. Answers 0, whatever the verdict is.\n' +
        'Of the parts of a run (--shard), all of which are named, it makes one run, and answers as that would have.',
    )
    .argument('[dir...]', "a run's directory, or a verdict.json", [join(defaultRunsDirectory, 'latest')])
    .option(
      '--reporter <name[=file]>',
      `${reporterNames.join(', ')}; on stdout, or into a file; repeatable (default: terminal)`,
      parseReporter,
    )
    .option('--output-dir <dir>', 'where the joined run gets a directory of its own', defaultRunsDirectory)
    .action(async (paths: string[], options: ReportFlags) => {
      const [path = '', ...more] = paths;
      if (more.length > 0) return joinRuns(paths, options, context);
      const html = join(path, 'report.html');
      emit(readVerdict(path), options, context, existsSync(html) ? html : undefined);
    });
}

interface ReportFlags {
  readonly reporter?: readonly Reporter[];
  readonly outputDir: string;
}

function emit(
  verdict: Verdict,
  { reporter = [] }: ReportFlags,
  { output }: CommandContext,
  reportPath: string | undefined,
): void {
  const { width, colour } = output;
  const look = { width, colour, ...(reportPath !== undefined && { reportPath }) };
  emitReports(verdict, reporter, look, (text) => output.write(text));
}

/** As a run of its own, which has copies of all the files that its findings name. */
async function joinRuns(
  paths: readonly string[],
  options: ReportFlags,
  context: CommandContext,
): Promise<void> {
  const directories = new Map(paths.map((path) => [readVerdict(path), directoryOf(path)] as const));
  const parts = [...directories.keys()];
  const scenarios = [...new Set(parts.flatMap((part) => part.scenarios.map(({ name }) => name)))];
  const directory = createRunDirectory(options.outputDir, context.now(), scenarios);
  try {
    const { verdict, findings } = joinParts(parts, relative('', directory));
    for (const { part, from, to } of findings)
      cpSync(join(directories.get(part) ?? '', 'findings', from), join(directory, 'findings', to), {
        recursive: true,
        verbatimSymlinks: true,
      });
    const { html } = await writeReports(verdict, directory);
    emit(verdict, options, context, relative('', html));
    context.exit(exitCodeOf(verdict, {}));
  } catch (error) {
    removeIfEmpty(directory);
    if (error instanceof PartsError) throw new CommandFailure(exitCodes.usage, error.message);
    throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function directoryOf(path: string): string {
  return isDirectory(path) ? path : dirname(path);
}

function readVerdict(path: string): Verdict {
  const file = isDirectory(path) ? join(path, 'verdict.json') : path;
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
