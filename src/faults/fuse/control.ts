import type { Firing, Plan } from '../plan.ts';

/** Where the layer's files stand beside the volumes, in the root of the mount. */
export const ackName = 'ack';
export const controlName = '.control';

/**
 * What the layer asks of its daemon: one write to the control file, JSON; the answer is read from it. Recordings go
 * through files, as docs/recording-format.md describes them.
 */
export type Command =
  | { readonly command: 'begin'; readonly file: string; readonly plan: Plan }
  | { readonly command: 'acknowledge'; readonly text: string }
  | { readonly command: 'entry-count' }
  /** Writes a recording to `file`: an empty base, and the entries that came after those of the start. */
  | { readonly command: 'end'; readonly file: string };

export type Answer =
  | { readonly ok: true; readonly entryCount: number; readonly firings: readonly Firing[] }
  | { readonly ok: false; readonly message: string };
