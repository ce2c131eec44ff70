import { type LogPlace, pathOf } from '../place.ts';
import {
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageFile,
  type StorageLock,
} from '../storage.ts';
import { writeBehind } from './behind.ts';
import { nameOf } from './copy.ts';
import { MirrorFile } from './mirror-file.ts';
import { noticing } from './noticed-file.ts';

export interface MirrorOptions {
  /** Whether the log goes on with one copy when the other refuses a write or a barrier. */
  readonly failover: boolean;
  readonly now: () => number;
}

interface Outcome<T> {
  readonly copy: LogPlace;
  readonly result: PromiseSettledResult<T>;
}

/**
 * Two places as one storage whose root is the log's directory: docs/wal-format.md section 8. Whatever changes something goes to
 * both in the same turn and is answered after both; what only reads is answered by the first copy that can.
 *
 * A copy that refuses a write, a barrier or a name is out for good. Without `failover` the call rejects, and so the log fails. With
 * it the other copy has durably said so (`mirror.behind`) before this call, or any that is under way, is answered.
 */
export class MirrorStorage implements Storage {
  readonly description: string;
  readonly #options: MirrorOptions;
  #live: readonly LogPlace[];
  #logId = new Uint8Array(16);
  #dropped: { readonly copy: LogPlace; readonly recorded: Promise<void> } | undefined;
  #fallbacks = 0;
  #refusals = 0;

  constructor(copies: readonly [LogPlace, LogPlace], options: MirrorOptions) {
    this.description = copies.map(nameOf).join(' and ');
    this.#live = copies;
    this.#options = options;
  }

  /** The copies that are in use. */
  get live(): readonly LogPlace[] {
    return this.#live;
  }

  /** The copy that is out, if one is. */
  get behind(): LogPlace | undefined {
    return this.#dropped?.copy;
  }

  get logId(): Uint8Array {
    return this.#logId;
  }

  /** How often a reader took from the second copy what the first did not have right. */
  get fallbacks(): number {
    return this.#fallbacks;
  }

  countFallback(): void {
    this.#fallbacks++;
  }

  /** How often a copy could not be read, whatever the other one had. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Which log this is, for `mirror.behind` to say. */
  identify(logId: Uint8Array): void {
    this.#logId = logId.slice();
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<StorageFile> {
    const outcomes = await this.#each((copy) => copy.storage.open(pathOf(copy, path), mode));
    if (mode === 'create') {
      try {
        // A name that one copy has and the other has not: the caller removes it from both.
        const existing = rejections(outcomes).find(({ error }) => isCode(error, 'exists'));
        if (existing !== undefined) throw existing.error;
        await this.#settle(outcomes);
      } catch (error) {
        for (const { value } of fulfilments(outcomes)) await value.close();
        throw error;
      }
    }
    const opened = fulfilments(outcomes);
    if (opened.length === 0) throw rejections(outcomes)[0]?.error;
    if (mode !== 'read')
      return new MirrorFile(this, path, new Map(opened.map(({ copy, value }) => [copy, value])));
    this.#refusals += rejections(outcomes).filter(({ error }) => !isCode(error, 'not-found')).length;
    const onRefusal = () => {
      this.#refusals++;
    };
    return new MirrorFile(
      this,
      path,
      new Map(opened.map(({ copy, value }) => [copy, noticing(value, onRefusal)])),
    );
  }

  async list(path: string): Promise<string[]> {
    const outcomes = await this.#each((copy) => copy.storage.list(pathIn(copy, path)));
    const lists = fulfilments(outcomes).map(({ value }) => value);
    if (lists.length === 0) throw rejections(outcomes)[0]?.error;
    this.#refusals += rejections(outcomes).length;
    return [...new Set(lists.flat())].sort();
  }

  async makeDirectory(path: string): Promise<void> {
    await this.all((copy) => copy.storage.makeDirectory(pathIn(copy, path)));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.all((copy) => copy.storage.rename(pathOf(copy, from), pathOf(copy, to)), 'not-found');
  }

  async remove(path: string): Promise<void> {
    await this.all((copy) => copy.storage.remove(pathOf(copy, path)), 'not-found');
  }

  async syncDirectory(path: string): Promise<void> {
    await this.all((copy) => copy.storage.syncDirectory(pathIn(copy, path)));
  }

  async lock(path: string): Promise<StorageLock> {
    const outcomes = await this.#each((copy) => copy.storage.lock(pathIn(copy, path)));
    const locks = fulfilments(outcomes).map(({ value }) => value);
    const release = async () => {
      await Promise.all(locks.map((lock) => lock.release()));
    };
    const [refused] = rejections(outcomes);
    if (refused === undefined) return { release };
    await release();
    throw refused.error;
  }

  /**
   * Does work on every copy in use, all begun in this turn; answers what the first answered. `forgiven`: an error that is none
   * while the other copy does what it is asked.
   */
  async all<T>(work: (copy: LogPlace) => Promise<T>, forgiven?: StorageErrorCode): Promise<T> {
    return this.#settle(await this.#each(work), forgiven);
  }

  /** Does work that concerns one copy alone. If it fails, that copy is out as if it had refused a write, and undefined is answered. */
  async alone<T>(copy: LogPlace, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const healthy = this.#live.find((other) => other !== copy);
      const mayGoOn = this.#options.failover && error instanceof StorageError;
      if (!mayGoOn || healthy === undefined || !this.#live.includes(copy)) throw asCopyError({ copy, error });
      this.#drop(copy, healthy);
      await this.#dropped?.recorded;
      return undefined;
    }
  }

  async #each<T>(work: (copy: LogPlace) => Promise<T>): Promise<Outcome<T>[]> {
    const copies = this.#live;
    const results = await Promise.allSettled(copies.map(work));
    return results.map((result, index) => ({ copy: copies[index] as LogPlace, result }));
  }

  async #settle<T>(outcomes: readonly Outcome<T>[], forgiven?: StorageErrorCode): Promise<T> {
    const failures = rejections(outcomes).filter(({ copy }) => this.#live.includes(copy));
    const [done] = fulfilments(outcomes).filter(({ copy }) => this.#live.includes(copy));
    if (done === undefined) throw asCopyError(rejections(outcomes)[0]);
    const [failure] = failures.filter(({ error }) => forgiven === undefined || !isCode(error, forgiven));
    if (failure !== undefined) {
      if (!this.#options.failover) throw asCopyError(failure);
      this.#drop(failure.copy, done.copy);
    }
    // Nothing is answered on one copy alone before that copy says so durably (I15).
    if (this.#dropped !== undefined) await this.#dropped.recorded;
    return done.value;
  }

  #drop(copy: LogPlace, healthy: LogPlace): void {
    this.#live = [healthy];
    const recorded = writeBehind(healthy, this.#logId, this.#options.now());
    // Whoever is answered awaits it; nobody may be about to be.
    recorded.catch(() => undefined);
    this.#dropped = { copy, recorded };
  }
}

function pathIn(copy: LogPlace, path: string): string {
  return path === '' ? copy.directory : pathOf(copy, path);
}

function fulfilments<T>(outcomes: readonly Outcome<T>[]): { copy: LogPlace; value: T }[] {
  return outcomes.flatMap(({ copy, result }) =>
    result.status === 'fulfilled' ? [{ copy, value: result.value }] : [],
  );
}

interface Rejection {
  readonly copy: LogPlace;
  readonly error: unknown;
}

function rejections(outcomes: readonly Outcome<unknown>[]): Rejection[] {
  return outcomes.flatMap(({ copy, result }) =>
    result.status === 'rejected' ? [{ copy, error: result.reason }] : [],
  );
}

function isCode(error: unknown, code: StorageErrorCode): boolean {
  return error instanceof StorageError && error.code === code;
}

/** The same error, saying which copy it is about. */
function asCopyError(rejection: Rejection | undefined): unknown {
  const error = rejection?.error;
  if (rejection === undefined || !(error instanceof StorageError)) return error;
  const { code, errno, message } = error;
  const said = `the copy in ${nameOf(rejection.copy)}: ${message}`;
  return new StorageError(code, said, { cause: error, ...(errno !== undefined && { errno }) });
}
