import { copyContent } from '../model/content.ts';
import type { Operation, SyncOperation, WriteOperation } from '../model/operation.ts';
import { createRandom } from '../model/random.ts';
import { type FileInode, type InodeNumber, type Timestamp, walkVolume } from '../model/tree.ts';
import type { FaultName, Firing, Plan, PlannedFault, PlannedOperation, PlanRule } from '../plan.ts';
import { BadSectors } from './bad-sectors.ts';
import type { DiskState } from './disk-state.ts';
import { durableVersions } from './durable-versions.ts';
import { Medium } from './medium.ts';
import { type Occasion, PlanRunner } from './plan-runner.ts';
import { PosixError } from './posix-error.ts';
import { befallRead } from './read-faults.ts';
import { rot } from './rot.ts';
import { isFull } from './space.ts';
import { befallWrite } from './write-faults.ts';

/** What a power cut does not change: the rules, which go on counting, and the sectors that went bad. */
export interface LastingFaults {
  readonly runner: PlanRunner;
  readonly badSectors: BadSectors;
}

/**
 * Carries out what is asked of a disk as a plan says. What a fault does to what is durable goes into the trace, so that
 * the crash states of the recording are those of the faulty disk; what it hides from readers is in {@link Medium}.
 */
export class Faults {
  readonly medium: Medium;
  readonly badSectors: BadSectors;
  readonly disk: DiskState;
  readonly runner: PlanRunner;
  #occasion: () => Occasion = () => {
    throw new Error('a rule fires at an operation');
  };
  #delayMs = 0;

  constructor(disk: DiskState, plan: Plan, medium = new Medium(), earlier?: LastingFaults) {
    this.disk = disk;
    this.medium = medium;
    const { now } = disk;
    this.runner = earlier?.runner ?? new PlanRunner(plan, () => milliseconds(now()));
    this.badSectors = earlier?.badSectors ?? new BadSectors();
  }

  get firings(): readonly Firing[] {
    return this.runner.firings;
  }

  /** Milliseconds that `slow` rules have added since the last call. */
  takeDelayMs(): number {
    const delayMs = this.#delayMs;
    this.#delayMs = 0;
    return delayMs;
  }

  /** An operation on names, attributes or space. */
  issue(volume: string, operation: Operation): void {
    const due = this.#due(volume, operation.kind as PlannedOperation, () => this.#pathsOf(volume, operation));
    if (operation.kind === 'truncate' || operation.kind === 'allocate') {
      this.#dropCaches(volume, operation.inode, due);
      this.#rotFile(volume, operation.inode, due);
    }
    for (const rule of due) {
      if (rule.fault === 'io-error') throw this.#failing(rule);
      if (rule.fault !== 'disk-full') continue;
      if (!isFull(this.disk, volume, operation, rule)) {
        this.runner.miss(rule, 'what it met needed no space, or there was some');
        continue;
      }
      this.fire(rule);
      throw new PosixError('ENOSPC', `there is no space left on ${volume}, as planned`);
    }
    this.carryOut(volume, operation);
  }

  /** Answers how many bytes were written. */
  write(volume: string, operation: WriteOperation): number {
    const { inode, offset, data } = operation;
    const due = this.#due(volume, 'write', () => this.pathsOfInode(volume, inode));
    this.#dropCaches(volume, inode, due);
    this.badSectors.checkWrite(inode, offset, data.length);
    const written = befallWrite(this, volume, operation, due);
    if (written === undefined) this.carryOut(volume, operation);
    for (const rule of due) {
      if (rule.fault === 'bit-rot') rot(this, volume, rule, this.disk.file(inode), offset, data.length);
    }
    return written ?? data.length;
  }

  sync(volume: string, operation: SyncOperation): void {
    const { inode } = operation;
    const due = this.#due(volume, 'sync', () => this.pathsOfInode(volume, inode));
    this.#dropCaches(volume, inode, due);
    const rule = due.find(({ fault }) => barrierFaults.includes(fault));
    if (rule !== undefined) this.fire(rule);
    if (rule === undefined) this.carryOut(volume, operation);
    else if (rule.fault === 'lost-fsync') this.carryOut(volume, { ...operation, lost: true });
    else this.#failSync(volume, operation, rule);
    this.#rotFile(volume, inode, due);
  }

  open(volume: string, inode: InodeNumber): void {
    const due = this.#due(volume, 'open', () => this.pathsOfInode(volume, inode));
    this.#dropCaches(volume, inode, due);
    this.#rotFile(volume, inode, due);
    for (const rule of due) {
      if (rule.fault === 'io-error') throw this.#failing(rule);
    }
  }

  /** As read(2), answered by the page cache or by the medium under it. */
  read(volume: string, file: FileInode, offset: number, into: Uint8Array, from: 'cache' | 'medium'): number {
    const due = this.#due(volume, 'read', () => this.pathsOfInode(volume, file.number));
    this.#dropCaches(volume, file.number, due);
    for (const rule of due) {
      if (rule.fault === 'bit-rot' && rule.at !== 'read') rot(this, volume, rule, file, offset, into.length);
    }
    const wanted = Math.min(into.length, Math.max(0, file.content.size - offset));
    const read = () =>
      from === 'cache' ? copyContent(file.content, offset, into) : this.medium.read(file, offset, into);
    const count = befallRead(this, file, offset, into.subarray(0, wanted), due, read);
    this.badSectors.checkRead(file.number, offset, wanted);
    return count;
  }

  fire(rule: PlanRule): Firing {
    const firing = this.runner.fire(rule, this.#occasion());
    this.disk.onFiring(firing);
    return firing;
  }

  /** The cache lets go of a file's clean pages: readers see the medium. Answers whether they see other bytes now. */
  dropCache(volume: string, inode: InodeNumber): boolean {
    const differences = this.medium.differencesOf(inode);
    for (const operation of differences) this.carryOut(volume, operation);
    return differences.length > 0;
  }

  carryOut(volume: string, operation: Operation): void {
    this.disk.carryOut(volume, operation);
    this.medium.follow(operation);
  }

  /** The names of an inode, from the root of its volume; '' is the root. */
  pathsOfInode(volume: string, inode: InodeNumber): string[] {
    return [...walkVolume(this.disk.tree, volume)].flatMap((entry) =>
      entry.inode.number === inode ? [entry.path.slice(1)] : [],
    );
  }

  /** The rules that are due, once those are dealt with that may befall any operation. */
  #due(volume: string, operation: PlannedOperation, paths: () => readonly string[]): readonly PlanRule[] {
    const due = this.runner.due(volume, operation, paths);
    this.#occasion = () => ({ entry: this.disk.entryCount, volume, operation, path: paths()[0] });
    // A kill goes before all else: the dead see no error.
    const kill = due.find(({ fault }) => fault === 'process-kill');
    if (kill !== undefined) this.disk.kill(this.fire(kill));
    for (const rule of due) {
      if (rule.fault !== 'slow') continue;
      const { entry } = this.fire(rule);
      const spreadMs = Math.max(0, (rule.delayMsMax ?? rule.delayMs) - rule.delayMs);
      const share = createRandom(rule.seed ?? 0, `slow ${entry} ${this.firings.length}`).below(1000) / 1000;
      this.#delayMs += rule.delayMs + spreadMs * share;
    }
    return due;
  }

  #dropCaches(volume: string, inode: InodeNumber, due: readonly PlanRule[]): void {
    for (const rule of due) {
      if (rule.fault !== 'cache-drop') continue;
      this.fire(rule);
      this.dropCache(volume, inode);
    }
  }

  #rotFile(volume: string, inode: InodeNumber, due: readonly PlanRule[]): void {
    for (const rule of due) {
      if (rule.fault !== 'bit-rot') continue;
      const node = this.disk.inode(inode);
      if (node.kind === 'file') rot(this, volume, rule, node, 0, node.content.size);
    }
  }

  #failing(rule: PlannedFault<'io-error'>): PosixError {
    this.fire(rule);
    return new PosixError(rule.errno ?? 'EIO', 'the operation failed, as planned');
  }

  /** Rebello et al., ATC 2020: who is told, and what the cache shows afterwards. docs/fault-model.md, section 5. */
  #failSync(volume: string, operation: SyncOperation, rule: PlanRule): void {
    const as = rule.fault === 'fsync-error' ? rule.as : undefined;
    const { inode: number } = operation;
    const inode = this.disk.inode(number);
    const durable = inode.kind === 'file' ? durableVersions(this.disk, number).at(-1) : undefined;
    this.carryOut(volume, { ...operation, failed: true });
    if (inode.kind === 'file' && durable !== undefined) this.medium.keepAll(inode, durable);
    if (as === 'btrfs') this.dropCache(volume, number);
    const state = this.disk.state(number);
    if (as === 'ext4-data-journal') state.failuresUntold++;
    else state.failures++;
  }

  #pathsOf(volume: string, operation: Operation): string[] {
    const below = (parent: InodeNumber, name: string) =>
      this.pathsOfInode(volume, parent).map((path) => (path === '' ? name : `${path}/${name}`));
    switch (operation.kind) {
      case 'create':
        return operation.link === undefined ? [] : below(operation.link.parent, operation.link.name);
      case 'link':
      case 'unlink':
        return below(operation.parent, operation.name);
      case 'rename':
        return [
          ...below(operation.fromParent, operation.fromName),
          ...below(operation.toParent, operation.toName),
        ];
      default:
        return this.pathsOfInode(volume, operation.inode);
    }
  }
}

function milliseconds({ seconds, nanoseconds }: Timestamp): number {
  return seconds * 1000 + nanoseconds / 1_000_000;
}

const barrierFaults: readonly FaultName[] = ['fsync-error', 'io-error', 'lost-fsync'];
