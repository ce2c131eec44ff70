import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Command } from 'commander';
import { dumpData, dumpLines } from '../../src/wal/tool/dump.ts';
import { isLogFile, survey } from '../../src/wal/tool/survey.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { logAt, onLog, writeJson, writeLine } from './wal-context.ts';

interface DumpFlags {
  readonly records?: boolean;
  readonly json?: boolean;
}

export function walDumpCommand(context: CommandContext): Command {
  return new Command('dump')
    .summary('all that stands in a log, damaged regions field by field')
    .description(
      'Shows the manifest, every segment and every batch; what is damaged, field by field, with what had to stand there;\n' +
        'and how recovery would judge the end, by which evidence. Works on logs that do not open. Never writes.',
    )
    .argument('<dir|file>', "a log's directory, its other copy, or one of its files")
    .option('--records', 'each record: LSN, type, length, key and the beginning of its value')
    .option('--json', 'for programs')
    .action(async (path: string, { records = false, json = false }: DumpFlags) => {
      const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
      if (isFile && !isLogFile(basename(path)))
        throw new CommandFailure(exitCodes.usage, `${path}: no file of a log has such a name`);
      const directory = isFile ? dirname(path) : path;
      const options = { records, ...(isFile && { only: basename(path) }) };
      await onLog([directory], async () => {
        const log = await survey(logAt(directory));
        if (json) return writeJson(context.output, await dumpData(log, options));
        for await (const line of dumpLines(log, options)) writeLine(context.output, line);
      });
    });
}
