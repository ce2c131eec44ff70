import { applyOperation } from '../model/apply.ts';
import type { Operation, SyncOperation, WriteOperation } from '../model/operation.ts';
import { liveTree, type Recording, type TraceEntry } from '../model/recording.ts';
import type {
  DirectoryInode,
  FileInode,
  Inode,
  InodeMeta,
  InodeNumber,
  Timestamp,
  Tree,
} from '../model/tree.ts';
import type { Firing, Plan } from '../plan.ts';
import { Faults, type LastingFaults } from './faults.ts';
import { mediumAfter } from './medium-after.ts';
import { PosixError } from './posix-error.ts';

/** Who asks: owner of what is created, and what a `process-kill` kills. `pid` is 0 where it is not known. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

export interface DiskOptions {
  /** The volumes start with the live state after all of its trace; new operations go behind it. */
  readonly start: Recording;
  readonly plan?: Plan;
  /** In place of a plan: what lasts of the disk that lost its power and left `start`. */
  readonly earlier?: LastingFaults | undefined;
  /** What modification times are set to. */
  readonly now: () => Timestamp;
  /** A `process-kill` fired: kill the caller. The operation is not carried out; it answers EIO, to whoever is left to hear it. */
  readonly onKill?: (firing: Firing, caller: Caller) => void;
  /** Told of each firing, before what it does is done. */
  readonly onFiring?: (firing: Firing) => void;
  /** False for long benchmarks: operations are carried out and counted, but the trace does not grow. */
  readonly record?: boolean;
}

/** What the live tree does not say of an inode, but a file system must know. */
export interface InodeState {
  readonly volume: string;
  /** How many directory entries name it; a root counts as named. */
  links: number;
  /** Directories only: how many directories are in it, and where it is. */
  subdirectories: number;
  parent: InodeNumber;
  /** Open descriptors, and names that the kernel remembers: while there is one, the inode outlives its last link. */
  holds: number;
  /** Open descriptors that can write. */
  writers: number;
  /** How many syncs failed. A descriptor that has seen fewer reports it, once (as errseq_t does in the kernel). */
  failures: number;
  /** How many more failed without saying so: the next sync does (ext4 with data=journal). */
  failuresUntold: number;
  /** Made by O_TMPFILE: it may still get its first name. */
  linkable: boolean;
}

/**
 * The state behind a live disk: the tree as the page cache shows it, the bookkeeping of a file system, the plan, the
 * trace. Everything that changes the tree goes through {@link DiskState.issue}, so that the trace replays to the same tree.
 */
export class DiskState {
  /** Where the trace begins. Not to be changed. */
  readonly base: Tree;
  readonly tree: Tree;
  readonly trace: TraceEntry[];
  readonly now: () => Timestamp;
  caller: Caller = { uid: 0, gid: 0, pid: 0 };
  /** Absent where nothing was ever planned, and nothing befell the disk before: then every operation is carried out as it was asked. */
  faults: Faults | undefined;
  readonly onFiring: (firing: Firing) => void;
  readonly #onKill: (firing: Firing, caller: Caller) => void;
  readonly #record: boolean;
  readonly #states = new Map<InodeNumber, InodeState>();
  #entries: number;
  #nextInode: InodeNumber;

  constructor(options: DiskOptions) {
    const { start, plan = [], earlier, now, onKill = () => {}, onFiring = () => {}, record = true } = options;
    this.base = start.base;
    this.tree = liveTree(start);
    this.trace = [...start.trace];
    this.now = now;
    this.onFiring = onFiring;
    const medium = mediumAfter(start);
    const nothing = plan.length === 0 && medium === undefined && earlier === undefined;
    this.faults = nothing ? undefined : new Faults(this, plan, medium, earlier);
    this.#onKill = onKill;
    this.#record = record;
    this.#entries = start.trace.length;
    this.#nextInode = highestInode(start) + 1;
    for (const [volume, root] of this.tree.roots) this.#adopt(volume, root, root);
    for (const number of this.tree.inodes.keys()) {
      if (!this.#states.has(number)) this.tree.inodes.delete(number);
    }
  }

  /** Entries that the trace has, or would have if it were recorded. */
  get entryCount(): number {
    return this.#entries;
  }

  get firings(): readonly Firing[] {
    return this.faults?.firings ?? [];
  }

  /** The disk's faults: none yet, where nothing was ever planned. */
  planned(): Faults {
    this.faults ??= new Faults(this, []);
    return this.faults;
  }

  /** Carries out one operation on the volume of `inode` and records it, unless the plan says otherwise. */
  issue(volume: string, operation: Operation): void {
    if (this.faults === undefined) this.carryOut(volume, operation);
    else this.faults.issue(volume, operation);
  }

  /** As {@link DiskState.issue}; answers how many bytes were written. */
  write(volume: string, operation: WriteOperation): number {
    if (this.faults !== undefined) return this.faults.write(volume, operation);
    this.carryOut(volume, operation);
    return operation.data.length;
  }

  /** As {@link DiskState.issue}. A barrier that fails throws nothing: it counts among the inode's failures. */
  sync(volume: string, operation: SyncOperation): void {
    if (this.faults === undefined) this.carryOut(volume, operation);
    else this.faults.sync(volume, operation);
  }

  /** Whatever the plan says. */
  carryOut(volume: string, operation: Operation): void {
    applyOperation(this.tree, operation);
    this.append({ kind: 'operation', volume, operation });
  }

  /** Throws EIO, to whoever is left to hear it. */
  kill(firing: Firing): never {
    this.append({ kind: 'process-crash' });
    this.#onKill(firing, this.caller);
    throw new PosixError('EIO', 'the process that asked was killed, as planned');
  }

  append(entry: TraceEntry): void {
    this.#entries++;
    if (this.#record) this.trace.push(entry);
  }

  takeInodeNumber(): InodeNumber {
    return this.#nextInode++;
  }

  inode(number: InodeNumber): Inode {
    const inode = this.tree.inodes.get(number);
    if (inode === undefined) throw new PosixError('ESTALE', `there is no inode ${number} any more`);
    return inode;
  }

  directory(number: InodeNumber): DirectoryInode {
    const inode = this.inode(number);
    if (inode.kind !== 'directory') throw new PosixError('ENOTDIR', `inode ${number} is a ${inode.kind}`);
    return inode;
  }

  file(number: InodeNumber): FileInode {
    const inode = this.inode(number);
    if (inode.kind === 'directory') throw new PosixError('EISDIR', `inode ${number} is a directory`);
    if (inode.kind !== 'file') throw new PosixError('EINVAL', `inode ${number} is a ${inode.kind}`);
    return inode;
  }

  state(number: InodeNumber): InodeState {
    const state = this.#states.get(number);
    if (state === undefined) throw new PosixError('ESTALE', `there is no inode ${number} any more`);
    return state;
  }

  addState(number: InodeNumber, volume: string, parent: InodeNumber): InodeState {
    const state: InodeState = {
      volume,
      links: 0,
      subdirectories: 0,
      parent,
      holds: 0,
      writers: 0,
      failures: 0,
      failuresUntold: 0,
      linkable: false,
    };
    this.#states.set(number, state);
    return state;
  }

  /** Forgets an inode that nothing can reach any more. */
  dropUnreachable(number: InodeNumber): void {
    const state = this.#states.get(number);
    if (state === undefined || state.links > 0 || state.holds > 0) return;
    this.#states.delete(number);
    this.tree.inodes.delete(number);
  }

  /** What the names that reach an inode say, from its root down. */
  #adopt(volume: string, number: InodeNumber, parent: InodeNumber): void {
    const inode = this.tree.inodes.get(number);
    if (inode === undefined) {
      throw new Error(
        `the recording is damaged: directory ${parent} names inode ${number}, which is not there`,
      );
    }
    const known = this.#states.get(number);
    const state = known ?? this.addState(number, volume, parent);
    state.links++;
    if (known !== undefined || inode.kind !== 'directory') return;
    for (const child of inode.entries.values()) {
      this.#adopt(volume, child, number);
      if (this.tree.inodes.get(child)?.kind === 'directory') state.subdirectories++;
    }
  }
}

export function touch(inode: InodeMeta, now: Timestamp): void {
  inode.mtime = now;
  inode.ctime = now;
}

function highestInode({ base, trace }: Recording): InodeNumber {
  let highest = 0;
  for (const number of base.inodes.keys()) highest = Math.max(highest, number);
  for (const entry of trace) {
    if (entry.kind === 'operation' && entry.operation.kind === 'create') {
      highest = Math.max(highest, entry.operation.inode);
    }
  }
  return highest;
}
