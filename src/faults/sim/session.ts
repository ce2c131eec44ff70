import { StorageError } from '../../wal/storage.ts';
import type { Recording } from '../model/recording.ts';
import { epoch } from '../model/tree.ts';
import type { Plan } from '../plan.ts';
import { type LastingFaults, LiveDisk } from '../volume.ts';

/** One live disk and what belongs to those who use it: when it ends, all that is open on it fails. */
export class SimSession {
  readonly disk: LiveDisk;
  /** Directories that a writer has locked, by inode number. A lock dies with its session, as with a process. */
  readonly locks = new Set<number>();
  #isOver = false;

  /** The disk was taken away: its session ended, or a kill fired. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** `earlier`: after a power cut, in place of a plan. */
  constructor(start: Recording, plan: Plan, record = true, earlier?: LastingFaults) {
    this.disk = new LiveDisk({
      start,
      plan,
      earlier,
      record,
      // Times are no part of what a crash may change; a still clock keeps runs alike.
      now: () => epoch,
      // There is no process to kill: the disk is gone for whoever used it.
      onKill: () => this.end(),
    });
  }

  end(): void {
    this.#isOver = true;
  }

  /** Throws EIO once the session has ended. */
  check(): void {
    if (this.#isOver)
      throw new StorageError('io', 'the disk was taken away under its user', { errno: 'EIO' });
  }
}
