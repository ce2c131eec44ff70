import type { DiskRequest } from '../control/disk-requests.ts';
import type { ErrorCode } from '../control/requests.ts';
import type { Firing, Plan, RuleState } from '../plan.ts';

/** Where the layer's files stand beside the volumes, in the root of the mount. */
export const ackName = 'ack';
export const controlName = '.control';

/**
 * What the layer asks of its daemon: one write to the control file, JSON; the answer is read from it. Recordings go
 * through files, as docs/recording-format.md describes them.
 */
export interface Commands {
  readonly begin: { readonly ask: { readonly file: string; readonly plan: Plan }; readonly answer: null };
  readonly acknowledge: { readonly ask: { readonly text: string }; readonly answer: null };
  readonly 'entry-count': { readonly ask: object; readonly answer: number };
  /** Writes a recording to `file`. */
  readonly end: { readonly ask: { readonly file: string }; readonly answer: Ended };
  /** What docs/fault-control.md has for whoever uses a mount by hand. */
  readonly disk: { readonly ask: { readonly request: DiskRequest }; readonly answer: unknown };
}

export interface Ended {
  readonly firings: readonly Firing[];
  readonly rules: readonly RuleState[];
  /**
   * The power was cut since `begin`: the recording in the file is whole, from the last cut on. Else it has an empty base,
   * and the entries that came after those of the start.
   */
  readonly wasCut: boolean;
}

export type CommandName = keyof Commands;

export type Command = {
  [Name in CommandName]: { readonly command: Name } & Commands[Name]['ask'];
}[CommandName];

export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code?: ErrorCode; readonly message: string };
