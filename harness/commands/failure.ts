import { ReplayError } from '../replay-token.ts';
import { ScenarioError } from '../scenario-problems.ts';
import { CommandFailure, exitCodes } from './exit.ts';

/** How an error that ended a command is told, and what the process answers then. */
export interface Failure {
  readonly exitCode: number;
  readonly text: string;
}

/** `debug` adds the stack of what is powercut's own failure; the user's mistakes never show one. */
export function failureOf(error: unknown, debug: boolean): Failure {
  if (error instanceof ScenarioError) return { exitCode: exitCodes.usage, text: `${error.message}\n` };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ReplayError) return { exitCode: exitCodes.usage, text: `powercut: ${message}\n` };
  if (error instanceof CommandFailure) return { exitCode: error.exitCode, text: `powercut: ${message}\n` };
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  const lines = [
    `powercut itself failed: ${message}`,
    'This says nothing about the program under test. `powercut doctor` tells whether this machine has what it needs.',
    debug ? stack : 'Set POWERCUT_DEBUG=1 to see where, and please report it.',
  ];
  return { exitCode: exitCodes.internal, text: `${lines.join('\n')}\n` };
}
