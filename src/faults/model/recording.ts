import { applyOperation } from './apply.ts';
import type { Device } from './device.ts';
import type { Operation } from './operation.ts';
import { cloneTree, type Tree } from './tree.ts';

/**
 * One step of a trace.
 *
 * `operation`: the subject asked it of `volume`, and it was done.
 * `acknowledgement`: the subject promised something; everything before it in the trace was issued before the promise.
 * `process-crash`: the subject was killed here; the page cache stayed.
 */
export type TraceEntry =
  | { readonly kind: 'operation'; readonly volume: string; readonly operation: Operation }
  | { readonly kind: 'acknowledgement'; readonly text: string }
  | { readonly kind: 'process-crash' };

/**
 * What one run did to its volumes. `base` is on disk, all of it; the effects of `trace` reached the disk or not, as
 * barriers and the profile decide.
 */
export interface Recording {
  /** What kind of disk the volumes are; the usual one where absent. */
  readonly device?: Device;
  /** Each volume is a disk: one file, which a file system above it reads and writes. The disk's rules hold for it, and no profile's. */
  readonly disks?: true;
  readonly base: Tree;
  readonly trace: readonly TraceEntry[];
}

/** The tree that the subject sees after the first `length` entries: the page cache's view. */
export function liveTree(recording: Recording, length = recording.trace.length): Tree {
  const tree = cloneTree(recording.base);
  for (let index = 0; index < length; index++) {
    const entry = recording.trace[index];
    if (entry?.kind === 'operation') applyOperation(tree, entry.operation);
  }
  return tree;
}
