import type { Recording, TraceEntry } from './model/recording.ts';
import type { InodeNumber, Tree } from './model/tree.ts';
import type { Firing, Plan, RuleState } from './plan.ts';
import { Attributes } from './volume/attributes.ts';
import { type Caller, type DiskOptions, DiskState } from './volume/disk-state.ts';
import type { LastingFaults } from './volume/faults.ts';
import { Files } from './volume/files.ts';
import { Names } from './volume/names.ts';

export type { Caller, DiskOptions } from './volume/disk-state.ts';
export type { LastingFaults } from './volume/faults.ts';
export type { Descriptor } from './volume/files.ts';
export { nameBytesMax } from './volume/limits.ts';
export { type ErrnoName, errno, PosixError } from './volume/posix-error.ts';

/**
 * The live disk: the page cache over all volumes of a run. It carries out system calls on inodes, obeys a plan, and
 * records each change in the trace, so that the recording replays to its tree.
 *
 * Synchronous, and free of I/O but for the clock that it is given. Every call either does what it says or throws a
 * {@link PosixError} and has changed nothing (a `write` whose own barrier failed has written).
 */
export class LiveDisk {
  readonly names: Names;
  readonly files: Files;
  readonly attributes: Attributes;
  readonly #state: DiskState;
  readonly #start: Recording;

  constructor(options: DiskOptions) {
    this.#start = options.start;
    this.#state = new DiskState(options);
    this.names = new Names(this.#state);
    this.files = new Files(this.#state);
    this.attributes = new Attributes(this.#state);
  }

  /** What the subject sees now. Not to be changed. */
  get tree(): Tree {
    return this.#state.tree;
  }

  /** What it began with, and all that came after. Grows while the disk is used. */
  get recording(): Recording {
    return { ...this.#start, trace: this.#state.trace };
  }

  /** `start.trace` and what came after it. Grows while the disk is used. */
  get trace(): readonly TraceEntry[] {
    return this.#state.trace;
  }

  get entryCount(): number {
    return this.#state.entryCount;
  }

  get firings(): readonly Firing[] {
    return this.#state.firings;
  }

  get rules(): readonly RuleState[] {
    return this.#state.faults?.runner.states() ?? [];
  }

  /** Puts rules in place, and answers their ids. Throws, and adds none, where one cannot be. */
  addRules(rules: Plan): readonly string[] {
    return this.#state.planned().runner.add(rules);
  }

  /** Takes the rules away whose ids the pattern matches (`*`, `?`), and answers their ids. */
  clearRules(pattern: string): readonly string[] {
    return this.#state.faults?.runner.clear(pattern) ?? [];
  }

  /** Something has come to pass that rules may wait for. Answers the ids of those that it set going. */
  event(name: string): readonly string[] {
    return this.#state.faults?.runner.event(name) ?? [];
  }

  /** The page cache lets go of a file's clean pages. Answers whether readers see other bytes now. */
  dropCache(inode: InodeNumber): boolean {
    const { faults } = this.#state;
    return faults?.dropCache(this.#state.state(inode).volume, inode) ?? false;
  }

  /** For the disk that goes on when this one has lost its power. */
  get lastingFaults(): LastingFaults | undefined {
    const { faults } = this.#state;
    // Not the faults themselves: they would keep this disk.
    return faults && { runner: faults.runner, badSectors: faults.badSectors };
  }

  /** How long what was asked since the last call should have taken, by the faults of the plan, in ms. */
  takeDelayMs(): number {
    return this.#state.faults?.takeDelayMs() ?? 0;
  }

  /** On whose behalf the next calls are made; root until told otherwise. */
  set caller(caller: Caller) {
    this.#state.caller = caller;
  }

  acknowledge(text: string): void {
    this.#state.append({ kind: 'acknowledgement', text });
    this.event(text);
  }

  /** Keeps an inode that may lose its last name: {@link LiveDisk.forget} must be called with the same count in all. */
  hold(inode: InodeNumber, count = 1): void {
    this.#state.state(inode).holds += count;
  }

  forget(inode: InodeNumber, count = 1): void {
    this.#state.state(inode).holds -= count;
    this.#state.dropUnreachable(inode);
  }
}
