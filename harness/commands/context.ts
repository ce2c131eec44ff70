import type { Output } from './output.ts';

/** What a command works with; cli.ts makes it of the process. */
export interface CommandContext {
  /** Results. */
  readonly output: Output;
  /** Progress and remarks. */
  readonly progress: Output;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  readonly now: () => Date;
  /** What the process answers when it ends. */
  exit(code: number): void;
}
