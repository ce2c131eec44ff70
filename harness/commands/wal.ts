import { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { walDumpCommand } from './wal-dump.ts';
import { walRepairCommand } from './wal-repair.ts';
import { walStatsCommand } from './wal-stats.ts';
import { walVerifyCommand } from './wal-verify.ts';

export function walCommand(context: CommandContext): Command {
  const command = new Command('wal')
    .summary('look into a write-ahead log, check it, mend it')
    .description('Tools for the log of src/wal. Only `repair --write` changes anything.');
  for (const make of [walDumpCommand, walVerifyCommand, walRepairCommand, walStatsCommand]) {
    command.addCommand(make(context));
  }
  return command;
}
