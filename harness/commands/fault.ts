import { Command, Option } from 'commander';
import type { ControlClient } from '../../src/faults/control/client.ts';
import { ControlError, type ErrorCode } from '../../src/faults/control/requests.ts';
import { parseDuration, wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { connectTo } from './control-socket.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { counted, cutText, firingText, listText, pendingText, statisticsText } from './fault-text.ts';
import { profileOption } from './profile-option.ts';
import { parseRule, wordsOf } from './rule-words.ts';

interface CutFlags {
  readonly state: 'drawn' | 'all-lost' | 'nothing-lost';
  readonly profile?: 'posix';
  readonly seed?: number;
  readonly torn?: boolean;
}

interface AwaitFlags {
  readonly times: number;
  readonly timeLimit: number;
  readonly next?: boolean;
}

export function faultCommand(context: CommandContext): Command {
  const fault = new Command('fault')
    .summary('look at a mounted disk, and change what it does')
    .description('Talks to `powercut mount` over its control socket. docs/fault-control.md has the rules.')
    .option('--control <socket>', 'which mount, where several are running')
    .addOption(new Option('--format <name>', 'the reply as it came').choices(['json']));

  /** Asks the mount, and prints the reply, in words or as it came. */
  async function ask<Result>(
    request: (client: ControlClient) => Promise<Result>,
    words: (result: Result) => string,
  ): Promise<void> {
    const { control, format } = fault.opts<{ control?: string; format?: 'json' }>();
    const client = await connectTo(control);
    try {
      const result = await request(client);
      const text = format === 'json' ? JSON.stringify(result) : words(result);
      if (text !== '') context.output.write(`${text}\n`);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      throw new CommandFailure(codes[error.code], error.message);
    } finally {
      client.close();
    }
  }

  fault
    .command('list [pattern]')
    .description('the rules in place, how often each fired, and why one has not')
    .action((pattern = '*') => ask((mount) => mount.request({ op: 'list', pattern }), listText));
  fault
    .command('add <rule...>')
    .description('put a rule in place: fsync-error nth 3, io-error on write of wal/* chance 10%, or JSON')
    .action((words: readonly string[]) => {
      const rule = ruleIn(words.join(' '));
      return ask(
        (mount) => mount.request({ op: 'add', rules: [rule] }),
        ([id]) => `rule ${id}: ${wordsOf(rule)}`,
      );
    });
  fault
    .command('clear [pattern]')
    .description('take rules away, by id or wildcard; without, all')
    .action((pattern = '*') =>
      ask(
        async (mount) => {
          const ids = await mount.request({ op: 'clear', pattern });
          const isId = !/[*?]/.test(pattern);
          if (isId && ids.length === 0) throw new ControlError('invalid', `there is no rule ${pattern}`);
          return ids;
        },
        (ids) => `${counted(ids.length, 'rule')} taken away${ids.length === 0 ? '' : `: ${ids.join(', ')}`}`,
      ),
    );
  fault
    .command('await [pattern]')
    .description('wait until rules have fired; answers 1 where they did not in time')
    .option('--times <n>', 'so often in all', wholeNumber(1), 1)
    .option('--time-limit <duration>', 'for instance 60s', parseDuration, 60)
    .option('--next', 'firings from now on alone')
    .action((pattern: string | undefined, { times, timeLimit, next = false }: AwaitFlags) =>
      ask(
        (mount) =>
          mount.request({ op: 'await', pattern: pattern ?? '*', times, next, timeoutMs: timeLimit * 1000 }),
        firingText,
      ),
    );
  fault
    .command('event <name>')
    .description('tell that something has come to pass: rules that stand after it count from now on')
    .action((name: string) =>
      ask(
        (mount) => mount.request({ op: 'event', name }),
        (ids) => (ids.length === 0 ? 'no rule waited for it' : `rule ${ids.join(', ')} counts from now on`),
      ),
    );
  fault
    .command('cut')
    .description('cut the power: what no barrier covered may be lost, and the mount shows what is left')
    .addOption(
      new Option('--state <name>', 'which of the legal states')
        .choices(['drawn', 'all-lost', 'nothing-lost'])
        .default('drawn'),
    )
    .option('--torn', 'one in which a write is there in part')
    .addOption(profileOption())
    .option('--seed <n>', 'draws the state', wholeNumber(0))
    .action((flags: CutFlags) => ask((mount) => mount.request({ op: 'power-cut', ...flags }), cutText));
  fault
    .command('pending')
    .description('what would be in doubt if the power went now')
    .addOption(profileOption())
    .action((flags: Pick<CutFlags, 'profile'>) =>
      ask((mount) => mount.request({ op: 'pending', ...flags }), pendingText),
    );
  fault
    .command('drop-cache [path]')
    .description('the page cache lets go of clean pages: readers see the disk')
    .action((path = '**') =>
      ask(
        (mount) => mount.request({ op: 'drop-cache', path }),
        ({ files }) => `readers see other bytes of ${counted(files, 'file')} now`,
      ),
    );
  fault
    .command('stats')
    .description('operations by kind, files, bytes, what the history takes')
    .action(() => ask((mount) => mount.request({ op: 'stats' }), statisticsText));
  fault
    .command('watch')
    .description('print each firing, until Ctrl-C')
    .action(() =>
      ask(
        async (mount) => {
          const { format } = fault.opts<{ format?: 'json' }>();
          await mount.request({ op: 'watch' }, (firing) => {
            context.output.write(`${format === 'json' ? JSON.stringify(firing) : firingText(firing)}\n`);
          });
          await mount.gone;
        },
        () => '',
      ),
    );
  return fault;
}

const codes: Readonly<Record<ErrorCode, number>> = {
  invalid: exitCodes.usage,
  'no-state': exitCodes.usage,
  timeout: exitCodes.violated,
  failed: exitCodes.unavailable,
};

function ruleIn(text: string) {
  try {
    return parseRule(text);
  } catch (error) {
    throw new CommandFailure(exitCodes.usage, error instanceof Error ? error.message : String(error));
  }
}
