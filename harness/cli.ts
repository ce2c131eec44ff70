#!/usr/bin/env node
import type { CommandContext } from './commands/context.ts';
import { exitCodes } from './commands/exit.ts';
import { failureOf } from './commands/failure.ts';
import { outputOn } from './commands/output.ts';
import { runProgram } from './commands/program.ts';
import { packageVersion } from './package.ts';

/** The process around the commands: its streams, its clock, and what it answers. */

const parameters = process.argv.slice(2);
const wishes = { environment: process.env, noColour: parameters.includes('--no-color') };
let exitCode: number = exitCodes.held;

const context: CommandContext = {
  output: outputOn(process.stdout, wishes),
  progress: outputOn(process.stderr, wishes),
  clock: () => performance.now(),
  now: () => new Date(),
  exit(code) {
    exitCode = code;
  },
};

process.on('uncaughtException', (error) => {
  explain(error);
  process.exit(exitCode);
});

try {
  await runProgram(parameters, context, packageVersion());
} catch (error) {
  explain(error);
}
await flush(process.stdout);
await flush(process.stderr);
// Not left to the event loop: whatever still hangs on it must not make powercut hang.
process.exit(exitCode);

function explain(error: unknown): void {
  const failure = failureOf(error, (process.env.POWERCUT_DEBUG ?? '') !== '');
  exitCode = failure.exitCode;
  context.progress.write(failure.text);
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
