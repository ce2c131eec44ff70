import type { Verdict } from '../../reports/verdict.ts';

/** What the process answers. docs/cli.md lists them; 64, 69 and 70 are those of sysexits.h. */
export const exitCodes = {
  held: 0,
  violated: 1,
  unknown: 2,
  usage: 64,
  unavailable: 69,
  internal: 70,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** The command cannot go on, for a reason that is the user's to mend; the message is all that is shown. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** An interrupted run answers its signal, whatever it had found by then. */
export function exitCodeOf(verdict: Verdict, options: { readonly failOnUntested?: boolean }): number {
  if (verdict.interrupted !== undefined) return exitCodes[verdict.interrupted];
  if (verdict.status === 'violated') return exitCodes.violated;
  const { scenarios } = verdict;
  if (scenarios.length > 0 && scenarios.every(({ status }) => status === 'not-tested')) {
    return exitCodes.unavailable;
  }
  if (verdict.status === 'unknown') return exitCodes.unknown;
  const untested = scenarios.some(
    ({ status, cells }) => status === 'not-tested' || cells.some((cell) => cell.status === 'not-tested'),
  );
  return untested && options.failOnUntested === true ? exitCodes.unknown : exitCodes.held;
}
