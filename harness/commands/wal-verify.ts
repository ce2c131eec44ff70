import { Command } from 'commander';
import { countOf, type Line, line, size } from '../../src/wal/tool/lines.ts';
import { type Problem, type Verification, verifyPlace } from '../../src/wal/tool/verify.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit.ts';
import { logAt, onLog, writeJson, writeLine } from './wal-context.ts';

export function walVerifyCommand(context: CommandContext): Command {
  return new Command('verify')
    .summary('reads and checks everything; answers 1 where something is damaged')
    .description(
      'Checks every checksum, link and promise of a log. Never writes. Answers 0, or 1 where something is damaged.',
    )
    .argument('<dir>', "a log's directory")
    .option('--mirror <dir>', 'its other copy: both are checked, and against each other')
    .option('--json', 'for programs')
    .action(
      async (
        directory: string,
        { mirror, json = false }: { readonly mirror?: string; readonly json?: boolean },
      ) => {
        const copies = mirror === undefined ? [directory] : [directory, mirror];
        const found = await onLog(copies, () =>
          verifyPlace(logAt(directory), mirror === undefined ? undefined : logAt(mirror)),
        );
        if (json) writeJson(context.output, found);
        else for (const each of renderVerification(directory, found)) writeLine(context.output, each);
        context.exit(found.problems.some(isDamage) ? exitCodes.violated : exitCodes.held);
      },
    );
}

export function renderVerification(directory: string, found: Verification): Line[] {
  const { problems, segments, batches, records, bytes } = found;
  const read = `${countOf(segments, 'segment')}, ${countOf(batches, 'batch', 'batches')}, ${countOf(records, 'record')}, ${size(bytes)}`;
  const lines = problems.flatMap((problem) => [
    line(
      `${isDamage(problem) ? 'damaged' : 'note'}: ${placeOf(problem)}: ${problem.what}`,
      isDamage(problem) ? 'bad' : 'plain',
    ),
    line(`  ${problem.remedy}`, 'dim'),
  ]);
  const damages = problems.filter(isDamage).length;
  if (damages > 0)
    return [...lines, line(`${directory}: ${countOf(damages, 'damaged place')}; read ${read}`, 'bad')];
  if (segments === 0 && problems.length === 0) return [line(`${directory}: a log without any record`)];
  return [...lines, line(`${directory}: all good; read ${read}`, 'good')];
}

function isDamage({ level }: Problem): boolean {
  return level === 'damage';
}

function placeOf({ file, position }: Problem): string {
  return position === undefined ? file : `${file} at byte ${position}`;
}
