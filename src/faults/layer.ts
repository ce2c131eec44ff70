import type { Storage } from '../wal/storage.ts';
import type { DiskRequest, DiskResult } from './control/disk-requests.ts';
import type { Recording } from './model/recording.ts';
import type { Firing, Plan, RuleState } from './plan.ts';

export type LayerName = 'sim' | 'fuse' | 'block' | 'dm';

/** Where a subject finds its volumes: directories for a process, storages for a subject in this process. */
export type Place =
  | {
      readonly kind: 'directories';
      /** Volume name to the absolute path of its root. */
      readonly directories: ReadonlyMap<string, string>;
      /** Each line that the subject writes here becomes an acknowledgement, in exact order with its operations. */
      readonly ackFile?: string;
    }
  | { readonly kind: 'storages'; readonly storages: ReadonlyMap<string, Storage> };

/**
 * A layer under the subject that records what it does. One recording at a time: `begin`, the subject works in
 * `place`, `end`. A layer can be used again after `end`, and holds nothing (no mount, process, file) after `close`.
 */
export interface FaultLayer {
  readonly name: LayerName;
  readonly place: Place;
  /**
   * The volumes take the live state after `start.trace` (none of which is durable beyond what its barriers say), and
   * recording goes on from there, with the faults of `plan`. Whatever was open on the volumes before fails with EIO from now on.
   * Rejects with a {@link MountFailure}.
   */
  begin(start: Recording, plan: Plan): Promise<void>;
  /** Adds an acknowledgement to the trace, now. */
  acknowledge(text: string): Promise<void>;
  /** How many entries the trace has. */
  entryCount(): Promise<number>;
  /**
   * Answers the recording (`start.base`, and `start.trace` with all that came after it) and what became of the plan. `writtenBack`: with
   * what the kernel still held above the layer, if it can hold anything.
   */
  end(options?: { readonly writtenBack: boolean }): Promise<EndedRecording>;
  close(): Promise<void>;
}

/** The kernel does not take what is on a disk for its file system, or cannot replay its journal: nobody can use the volume. */
export class MountFailure extends Error {
  override readonly name = 'MountFailure';
}

export interface EndedRecording {
  /** After a power cut ({@link ControlledLayer}): from the last one on. */
  readonly recording: Recording;
  readonly firings: readonly Firing[];
  /** Those still in place. */
  readonly rules: readonly RuleState[];
}

/** A layer of which the disk can be asked, and its plan changed, while it is used: docs/fault-control.md. */
export interface ControlledLayer extends FaultLayer {
  /** Rejects with a ControlError. */
  control<Request extends DiskRequest>(request: Request): Promise<DiskResult<Request['op']>>;
}
