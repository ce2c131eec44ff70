import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { parseDuration, wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { withInterruption } from './interruption.ts';
import { defaultRunsDirectory } from './run-directory.ts';

interface VmFlags {
  readonly vmDirectory?: string;
  readonly memory: number;
  readonly limit: number;
}

export function vmCommand(context: CommandContext): Command {
  return new Command('vm')
    .summary('run powercut in a small virtual machine, which has device-mapper')
    .description(
      'Boots a kernel of the distribution in QEMU, over the files of this host, which it does not change, and carries out ' +
        'a powercut command in it: powercut vm -- run scenarios/reference-wal.yaml --layer dm. Only the directory of the ' +
        'runs (--output-dir) comes back. Answers what the command answers. docs/vm.md tells more.',
    )
    .argument('<command...>', 'a powercut command with its options, after --')
    .option('--vm-directory <dir>', "where the machine's kernel is kept (default: in the user's cache)")
    .option('--memory <MiB>', 'how much memory the machine has', wholeNumber(512), 4096)
    .option(
      '--limit <duration>',
      'end the machine after, for instance, 90s or 10m',
      parseDuration,
      parseDuration('1h'),
    )
    .action(async (parameters: readonly string[], flags: VmFlags) => {
      context.exit(await runInMachine(parameters, flags, context));
    });
}

async function runInMachine(
  parameters: readonly string[],
  { vmDirectory, memory, limit }: VmFlags,
  { output, progress, now }: CommandContext,
): Promise<number> {
  const { MachineFailure, runMachine } = await import('../vm/machine.ts');
  const { defaultVmDirectory, provideKernel } = await import('../vm/kernel.ts');
  const { whyNoQemu } = await import('../vm/qemu.ts');
  const { VmUnavailable } = await import('../vm/unavailable.ts');
  const runs = runsDirectory(parameters);
  mkdirSync(runs, { recursive: true });
  const run = async (signal: AbortSignal): Promise<number> => {
    const problem = whyNoQemu();
    if (problem !== undefined) throw new VmUnavailable(`${problem.why}: ${problem.remedy}`);
    const say = (text: string) => progress.write(text);
    const kernel = await provideKernel(vmDirectory ?? defaultVmDirectory(), { say, signal, now: now() });
    signal.throwIfAborted();
    const job = {
      command: [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...parameters],
      directory: process.cwd(),
      environment: environment(output.colour),
      runs,
    };
    return runMachine({
      kernel,
      job,
      memoryMiB: memory,
      limitSeconds: limit,
      stdout: (text) => output.write(text),
      stderr: say,
      signal,
    });
  };
  try {
    return await withInterruption(progress.write, (signal) => unlessInterrupted(signal, run));
  } catch (error) {
    if (error instanceof VmUnavailable) throw new CommandFailure(exitCodes.unavailable, error.message);
    if (error instanceof MachineFailure) throw new CommandFailure(exitCodes.internal, error.message);
    throw error;
  }
}

/** What `work` answers; once it was interrupted the signal's exit code, however it came to its end. */
async function unlessInterrupted(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const code = await work(signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    return exitCodes.internal;
  });
  return signal.aborted ? exitCodes[signal.reason as 'SIGINT' | 'SIGTERM'] : code;
}

/** Where the command in the machine will write its runs. */
function runsDirectory(parameters: readonly string[]): string {
  const at = parameters.indexOf('--output-dir');
  const joined = parameters.find((text) => text.startsWith('--output-dir='));
  const named = at < 0 ? joined?.slice('--output-dir='.length) : parameters[at + 1];
  return resolve(named ?? defaultRunsDirectory);
}

/** Of this process's environment, what programs are found by and what powercut heeds. */
function environment(colour: boolean): Readonly<Record<string, string>> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && /^(PATH|LANG|CI|POWERCUT_\w+)$/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...(colour ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) };
}
