import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { makeWithParents } from '../make-directory.ts';
import { packageRoot } from '../package.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodes } from './exit.ts';

const templates = ['sh', 'node', 'python'] as const;
type Template = (typeof templates)[number];

export function initCommand(context: CommandContext): Command {
  return new Command('init')
    .summary('a scenario for your own program, to be filled in')
    .description(
      'Writes a scenario that runs as it is, and is meant to be changed.\n' +
        'sh: any program, by a workload and a checker. node, python: a storage engine, by a driver.',
    )
    .argument('[dir]', 'the project; its scenarios/ is written to', '.')
    .addOption(new Option('--template <name>', 'what to begin with').choices(templates).default('sh'))
    .action((directory: string, { template }: { readonly template: Template }) => {
      const scenario = writeTemplate(template, join(directory, 'scenarios'), (file) =>
        context.progress.write(`wrote ${file}\n`),
      );
      context.output.write(`Now run it: npx powercut run ${scenario}\n`);
    });
}

/** Copies a template into `target` and answers its scenario file. Nothing is overwritten. */
export function writeTemplate(template: Template, target: string, wrote: (file: string) => void): string {
  const source = join(packageRoot, 'scenarios', 'templates', template);
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
    .sort();
  const there = files.map((file) => join(target, file)).filter((file) => existsSync(file));
  if (there.length > 0) {
    throw new CommandFailure(
      exitCodes.usage,
      `there already: ${there.join(', ')}\nNothing was written. Name another directory, or move these away.`,
    );
  }
  for (const file of files) {
    copyTo(join(target, file), join(source, file));
    wrote(join(target, file));
  }
  return join(target, files.find((file) => file.endsWith('.yaml')) ?? '');
}

function copyTo(file: string, source: string): void {
  try {
    makeWithParents(dirname(file));
    copyFileSync(source, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      exitCodes.usage,
      `${file} cannot be written: ${reason}\nName another directory.`,
    );
  }
}
