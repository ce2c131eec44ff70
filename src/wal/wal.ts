import { asWalError, WalError } from './errors.ts';
import { settle, type WalOptions } from './options.ts';
import type { LogPlace } from './place.ts';
import { RecordIterator } from './read/iterate.ts';
import { verifySegment } from './read/verify.ts';
import { type LogRecord, recordTypeBytes, recordTypeUserMax, recordTypeUserMin } from './record.ts';
import { type OpenLog, openLog } from './recovery/open-log.ts';
import type { RecoveryReport } from './report.ts';
import { openFileStorage } from './storage/file-storage.ts';
import type { Storage } from './storage.ts';
import { Committer } from './write/committer.ts';

/** A directory of this machine, or of any storage. */
export type WalPlace = string | { readonly storage: Storage; readonly directory: string };

export interface AppendOptions {
  /** 1 for plain bytes (default), or 128 to 255: yours. */
  readonly type?: number;
}

export interface IterateOptions {
  /** First and last LSN, both included. Default: all that is durable now. */
  readonly from?: number;
  readonly to?: number;
}

export interface WalStats {
  /** LSN of the oldest record that is kept, and the one that the next record gets. */
  readonly firstLsn: number;
  readonly nextLsn: number;
  /** Every record up to it is durable; 0 if none. */
  readonly durableLsn: number;
  readonly segments: number;
  /** Batches written, barriers issued for them, and segments filled, since the log was opened. */
  readonly commits: number;
  readonly syncs: number;
  readonly rolls: number;
}

/**
 * A write-ahead log.
 *
 * ```ts
 * await using wal = await Wal.open('./data');
 * const lsn = await wal.append(payload);      // accepted and ordered, not yet durable
 * await wal.sync();                           // everything appended before is durable
 * for await (const record of wal.iterate()) replay(record);
 * ```
 *
 * Any number of callers may append and sync at once; those who wait for durability share a commit. After a write or a
 * barrier failed, every call rejects with `failed` (or `full`), the first cause kept: open the log again.
 */
export class Wal implements AsyncDisposable {
  /** What recovery found when the log was opened. */
  readonly recovery: RecoveryReport;
  readonly #log: OpenLog;
  readonly #place: LogPlace;
  readonly #committer: Committer;
  #closing: Promise<void> | undefined;

  private constructor(place: LogPlace, log: OpenLog) {
    this.recovery = log.report;
    this.#log = log;
    this.#place = place;
    this.#committer = new Committer(log.writer, log.context.settings);
  }

  /**
   * Recovers the log in a directory, which is made if it is not there. Rejects with `corrupt` (its `report` says what and
   * where), `locked`, `invalid`, `unsupported` or `io`.
   */
  static async open(place: WalPlace, options: WalOptions = {}): Promise<Wal> {
    const settings = settle(options);
    const logPlace = typeof place === 'string' ? openFileStorage(place) : place;
    try {
      return new Wal(logPlace, await openLog(logPlace, settings));
    } catch (error) {
      throw asWalError(error, logPlace);
    }
  }

  /**
   * Accepts a record and answers its LSN. It is not durable yet: `sync` does that. Waits while the buffer is full. Leave
   * `payload` alone until it settles.
   */
  append(payload: Uint8Array, options?: AppendOptions): Promise<number> {
    return this.#append([payload], options);
  }

  /** Accepts records that recovery shows together or not at all; answers their LSNs. */
  async appendBatch(payloads: readonly Uint8Array[], options?: AppendOptions): Promise<number[]> {
    if (payloads.length === 0) return [];
    const firstLsn = await this.#append(payloads, options);
    return payloads.map((_, index) => firstLsn + index);
  }

  /** Answers the LSN of a record once it is durable. */
  async appendDurable(payload: Uint8Array, options?: AppendOptions): Promise<number> {
    return this.#committer.sync(await this.#append([payload], options));
  }

  /** Settles when every record whose append was called before is durable. */
  async sync(): Promise<void> {
    this.#checkOpen();
    await this.#committer.sync(this.#committer.nextLsn - 1);
  }

  /**
   * The records that are durable when the iteration starts, in order. Throws `corrupt` where a record cannot be read; it
   * never skips one.
   */
  iterate(options: IterateOptions = {}): AsyncIterableIterator<LogRecord> {
    this.#checkOpen();
    const { firstLsn, durableLsn } = this.stats();
    return new RecordIterator(this.#place, this.#log.writer.durableChain, {
      from: Math.max(options.from ?? firstLsn, firstLsn),
      to: Math.min(options.to ?? durableLsn, durableLsn),
    });
  }

  /** Reads and checks everything that is durable. Answers what is damaged, one sentence for each segment, none if all is well. */
  async verify(): Promise<string[]> {
    this.#checkOpen();
    const chain = this.#log.writer.durableChain;
    const damages: string[] = [];
    for (const [index, segment] of chain.entries()) {
      const damage = await verifySegment(this.#place, segment, chain[index + 1]);
      if (damage === undefined) continue;
      const { end, nextLsn, fault } = damage;
      damages.push(`${segment.header.identity.name} at byte ${end.endBytes}, record ${nextLsn}: ${fault}`);
    }
    return damages;
  }

  /**
   * Lets go of records before `lsn`: whole segments, as far as every record in them is older. Settles when they are gone for
   * good.
   */
  async truncateBefore(lsn: number): Promise<void> {
    this.#checkOpen();
    await this.#committer.guard(() => this.#log.writer.truncateBefore(lsn));
  }

  stats(): WalStats {
    const { writer, context } = this.#log;
    return {
      firstLsn: context.manifest.current.floor.lsn,
      nextLsn: this.#committer.nextLsn,
      durableLsn: writer.durableLsn,
      segments: writer.durableChain.length,
      commits: this.#committer.commits,
      syncs: writer.syncs,
      rolls: writer.rolls,
    };
  }

  /** Makes everything durable, marks the clean end and lets go of the directory. Safe to call again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { writer, context, lock } = this.#log;
    try {
      await this.#committer.sync(this.#committer.nextLsn - 1);
      await this.#committer.idle();
      await this.#committer.guard(() => writer.finish());
    } finally {
      await writer.close();
      await context.manifest.close();
      await lock.release();
    }
  }

  #append(payloads: readonly Uint8Array[], { type = recordTypeBytes }: AppendOptions = {}): Promise<number> {
    try {
      this.#checkOpen();
      checkType(type);
      for (const payload of payloads) checkPayload(payload);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#committer.append(type, payloads);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new WalError('closed', 'the log was closed: open it again');
  }
}

function checkType(type: number): void {
  const isUsers = Number.isInteger(type) && type >= recordTypeUserMin && type <= recordTypeUserMax;
  if (type === recordTypeBytes || isUsers) return;
  throw new WalError(
    'invalid',
    `record type ${type}: expected 1, or ${recordTypeUserMin} to ${recordTypeUserMax}`,
  );
}

function checkPayload(payload: unknown): void {
  if (!(payload instanceof Uint8Array))
    throw new WalError('invalid', `a payload is ${typeof payload}: expected a Uint8Array (or Buffer)`);
}
