import { Command, InvalidArgumentError, Option } from 'commander';
import type { LogPlace } from '../../src/wal/place.ts';
import { line } from '../../src/wal/tool/lines.ts';
import { planRepair, type RepairOptions, type RepairPlan } from '../../src/wal/tool/repair.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit.ts';
import { logAt, onLog, writeLine } from './wal-context.ts';

interface RepairFlags {
  readonly mirror?: string;
  readonly policy?: 'point-in-time';
  readonly firstLsn?: number;
  readonly write?: boolean;
}

export function walRepairCommand(context: CommandContext): Command {
  return new Command('repair')
    .summary('mends a damaged log; only says what it would do, unless --write is given')
    .description(
      'Mends from the other copy, makes a lost manifest anew, or ends the log before the damage. What is replaced is kept\n' +
        'beside it as *.quarantine: nothing is deleted. Answers 0 if all was well or is now, 1 if something stays damaged.',
    )
    .argument('<dir>', "a log's directory; nobody may be writing to it")
    .option('--mirror <dir>', 'the other copy: what is damaged is taken from there')
    .addOption(
      new Option('--policy <policy>', 'point-in-time: end the log before the first damage').choices([
        'point-in-time',
      ]),
    )
    .option(
      '--first-lsn <lsn>',
      'the log is known to start there, for a manifest that is made anew',
      parseLsn,
    )
    .option('--write', 'do it')
    .action(async (directory: string, flags: RepairFlags) => {
      const copies = flags.mirror === undefined ? [directory] : [directory, flags.mirror];
      const done = await onLog(copies, () => repair(context, directory, flags));
      context.exit(done ? exitCodes.held : exitCodes.violated);
    });
}

/** Answers whether nothing is damaged any more. */
async function repair({ output }: CommandContext, directory: string, flags: RepairFlags): Promise<boolean> {
  const place = logAt(directory);
  const { mirror, policy, firstLsn, write = false } = flags;
  const options: RepairOptions = {
    ...(mirror !== undefined && { mirror: logAt(mirror) }),
    ...(policy !== undefined && { policy }),
    ...(firstLsn !== undefined && { firstLsn }),
  };
  const plan = await planRepair(place, options);
  if (plan.damages === 0 && plan.steps.length === 0) {
    writeLine(output, line(`${directory}: nothing to repair`, 'good'));
    return true;
  }
  for (const { file, what, loses } of plan.steps) {
    writeLine(output, line(`${write ? 'repairing' : 'would repair'} ${file}: ${what}`, 'title'));
    if (loses === undefined) writeLine(output, line('  nothing is lost by this', 'dim'));
    else writeLine(output, line(`  ${write ? 'lost' : 'would lose'}: ${loses}`, 'bad'));
  }
  for (const refusal of plan.refusals) writeLine(output, line(`not repaired: ${refusal}`, 'bad'));
  if (write) return carryOut(output, directory, plan, options);
  const isPlanned = plan.steps.length > 0;
  const advice = isPlanned ? 'Nothing was changed. Add --write to do it.' : await otherWays(place, options);
  writeLine(output, line(advice));
  return false;
}

async function otherWays(place: LogPlace, options: RepairOptions): Promise<string> {
  const { mirror, policy = 'point-in-time' } = options;
  const [end] = policy === options.policy ? [] : (await planRepair(place, { ...options, policy })).steps;
  const ways = [
    ...(mirror === undefined ? ['--mirror DIR takes what is damaged from the other copy'] : []),
    ...(end === undefined
      ? []
      : [`--policy ${policy} ends the log before the first damage, and would lose ${end.loses}`]),
  ];
  return `Nothing was changed.${ways.length === 0 ? '' : ` What can be done: ${ways.join('; ')}.`}`;
}

async function carryOut(
  output: CommandContext['output'],
  directory: string,
  plan: RepairPlan,
  options: RepairOptions,
): Promise<boolean> {
  const place = logAt(directory);
  for (const step of plan.steps) for (const what of await step.apply()) writeLine(output, line(`  ${what}`));
  const after = await planRepair(place, { ...options });
  const isWell = after.damages === 0 && after.steps.length === 0;
  const text = isWell ? 'all good now' : 'something is still damaged: `powercut wal verify` says what';
  writeLine(output, line(`${directory}: ${text}`, isWell ? 'good' : 'bad'));
  return isWell;
}

function parseLsn(text: string): number {
  const lsn = Number(text);
  if (Number.isSafeInteger(lsn) && lsn > 0) return lsn;
  throw new InvalidArgumentError('An LSN is a whole number from 1.');
}
