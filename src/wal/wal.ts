import type {
  AppendOptions,
  AppendStreamOptions,
  IterateOptions,
  SkippingOptions,
  WalPlace,
  WalStats,
} from './calls.ts';
import { checkLsns } from './check-lsns.ts';
import { Consumers } from './consumers.ts';
import { decodeValue, draftOf, type WalEntry, type WalKey } from './entry.ts';
import { asWalError, WalError } from './errors.ts';
import type { TailOptions } from './follow/live-iterator.ts';
import { type ReaderOptions, WalReader } from './follow/wal-reader.ts';
import type { WalMetrics } from './metrics/metrics.ts';
import type { ScrubOptions, ScrubReport } from './mirror/scrub.ts';
import { scrubLogOf } from './mirror/scrub-log.ts';
import { Scrubs } from './mirror/scrubs.ts';
import { type Settings, settle, type WalOptions } from './options.ts';
import type { LogPlace } from './place.ts';
import { type LogView, truncated } from './read/batches.ts';
import { RecordIterator } from './read/iterate.ts';
import { iterateSalvaged, type LogGap } from './read/salvage.ts';
import { verifySegment } from './read/verify.ts';
import type { LogRecord, RecordDraft } from './record.ts';
import { type OpenLog, openLog } from './recovery/open-log.ts';
import type { RecoveryReport } from './report.ts';
import type { Cursor } from './retention/cursor.ts';
import { openBackend } from './storage/backend.ts';
import { openFileStorage } from './storage/file-storage.ts';
import { releaseAll } from './storage/storage-calls.ts';
import type { StorageBackend } from './storage.ts';
import { appendStream, type ByteSource, streamForm } from './stream/append-stream.ts';
import { readStream } from './stream/read-stream.ts';
import { Committer } from './write/committer.ts';
import { syncRegularly } from './write/regular-sync.ts';

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
  /** How commits reach the (first) disk, and why this way; undefined for a storage that has no choice. */
  readonly backend: StorageBackend | undefined;
  readonly #log: OpenLog;
  readonly #place: LogPlace;
  readonly #committer: Committer;
  readonly #settings: Settings;
  readonly #consumers: Consumers;
  readonly #scrubs: Scrubs;
  /** Stops the barriers that the strategy `{ everyMs }` asks for. */
  readonly #stopSyncs: () => void;
  #closing: Promise<void> | undefined;
  /** How often records were cut off: a stream that is being appended ends then. */
  #cuts = 0;

  private constructor(log: OpenLog, backend: StorageBackend | undefined) {
    this.backend = backend;
    this.recovery = log.report;
    this.#log = log;
    this.#place = log.context.place;
    this.#settings = log.context.settings;
    this.#committer = new Committer(log.writer, log.context);
    this.#consumers = new Consumers(log, this.#committer, () => ({
      ...this.#view(),
      lastLsn: log.writer.durableLsn,
    }));
    this.#scrubs = new Scrubs(scrubLogOf(log.context, log.writer, this.#committer));
    this.#stopSyncs = syncRegularly(this.#committer, this.#settings);
    log.context.observer.recovered(log.report);
  }

  /**
   * Recovers the log in a directory, which is made if it is not there. Rejects with `corrupt` (its `report` says what and
   * where), `locked`, `invalid`, `unsupported` or `io`.
   */
  static async open(place: WalPlace, options: WalOptions = {}): Promise<Wal> {
    const settings = settle(options);
    const { mirror, backend } = settings;
    let logPlace = typeof place === 'string' ? openFileStorage(place) : place;
    try {
      if (typeof place === 'string') logPlace = await openBackend(place, backend);
      const mirrorPlace =
        typeof mirror === 'string' && mirror !== 'missing' ? await openBackend(mirror, backend) : mirror;
      const log = await openLog(logPlace, settings, mirrorPlace === 'missing' ? undefined : mirrorPlace);
      return new Wal(log, logPlace.storage.backend);
    } catch (error) {
      throw asWalError(error, logPlace);
    }
  }

  /**
   * A log to read only, beside a writer in another process or none: without a lock, and without writing anything. Rejects with
   * `io` if there is no log, `corrupt`, `unsupported` or `invalid`.
   */
  static openReader(place: WalPlace, options?: ReaderOptions): Promise<WalReader> {
    return WalReader.open(typeof place === 'string' ? openFileStorage(place) : place, options);
  }

  /**
   * Accepts a record and answers its LSN. It is not durable yet: `sync` does that. Waits while the buffer is full. Leave
   * `payload` alone until it settles.
   */
  append(payload: Uint8Array, options?: AppendOptions): Promise<number> {
    return this.#append([payload], options?.type);
  }

  /** Answers the LSN of a record once it is durable. */
  async appendDurable(payload: Uint8Array, options?: AppendOptions): Promise<number> {
    return this.#committer.sync(await this.#append([payload], options?.type));
  }

  /** Accepts records, of any kinds, that recovery shows together or not at all; answers their LSNs. `type` is for plain bytes. */
  async appendBatch(entries: readonly WalEntry[], options?: AppendOptions): Promise<number[]> {
    if (entries.length === 0) return [];
    const firstLsn = await this.#append(entries, options?.type);
    return entries.map((_, index) => firstLsn + index);
  }

  /** As `append`, for a record with a key and the time of now. */
  put(key: WalKey, value: Uint8Array): Promise<number> {
    return this.#append([{ put: key, value }]);
  }

  /** As `put`, for a record that says that a key is gone. */
  delete(key: WalKey): Promise<number> {
    return this.#append([{ delete: key }]);
  }

  /** As `append`, for anything that `JSON.stringify` takes. */
  appendJson(json: unknown): Promise<number> {
    return this.#append([{ json }]);
  }

  /** As `append`, for a value of a type (128 to 255) that the option `types` has a codec for. */
  appendValue(type: number, value: unknown): Promise<number> {
    return this.#append([{ type, value }]);
  }

  /** The value of a record: JSON and types with a codec decoded, undefined for a delete, its bytes for all others. */
  decode(record: LogRecord): unknown {
    return decodeValue(record, this.#settings);
  }

  /**
   * Accepts a value of any length, in memory for one part (at most 256 KiB) at a time, while others append; answers its LSN. It is
   * shown once it is whole: if the source throws, or the log is cut or closed meanwhile, it was never appended.
   */
  async appendStream(source: ByteSource, options: AppendStreamOptions = {}): Promise<number> {
    this.#checkOpen();
    const cuts = this.#cuts;
    const lsn = await appendStream(source, streamForm(options, this.#settings), async (part) => {
      this.#checkOpen();
      if (this.#cuts !== cuts) throw truncated('a stream was being appended');
      return this.#committer.append([part]);
    });
    return this.#settings.sync === 'always' ? this.#committer.sync(lsn) : lsn;
  }

  /** The value of a record in chunks, one batch in memory at a time: the way to read a stream. */
  readStream(record: LogRecord): AsyncIterableIterator<Uint8Array> {
    this.#checkOpen();
    return readStream(this.#view(), record);
  }

  /** Settles when every record whose append was called before is durable. */
  async sync(): Promise<void> {
    this.#checkOpen();
    await this.#committer.sync(this.#committer.nextLsn - 1);
  }

  /**
   * The records that are durable when the iteration starts, in order or in reverse. Any number of iterations may go on beside
   * each other and the writer. `seek(lsn)` goes to a record. Throws `corrupt` where a record cannot be read, and never skips one;
   * `truncated` where a segment was let go of meanwhile.
   */
  iterate(options?: IterateOptions): RecordIterator;
  /** The same, forwards, around what is damaged: a {@link LogGap} stands for the records that cannot be read. */
  iterate(options: SkippingOptions): AsyncIterableIterator<LogRecord | LogGap>;
  iterate(options: IterateOptions | SkippingOptions = {}): AsyncIterableIterator<LogRecord | LogGap> {
    this.#checkOpen();
    const view = this.#view();
    this.#log.context.observer.counts.reads++;
    const { durableLsn } = this.#log.writer;
    const { from = 1, to = durableLsn } = options;
    checkLsns({ from, to });
    const range = { from: Math.max(from, view.firstLsn), to: Math.min(to, durableLsn) };
    if ('damage' in options) return iterateSalvaged(view, range);
    return new RecordIterator(view, range, options.reverse);
  }

  /** The record with an LSN; undefined if it is not durable, was let go of, or is a part of a stream but the last. */
  async read(lsn: number): Promise<LogRecord | undefined> {
    checkLsns({ lsn });
    const records = this.iterate({ from: lsn, to: lsn });
    try {
      return (await records.next()).value;
    } finally {
      await records.return();
    }
  }

  /**
   * The durable records from an LSN on (default: the oldest), and then each new one as soon as it is durable, once and in order. Ends by
   * `return`, by its signal, and when the log was closed and all was seen. Rejects with `truncated` where a record was let go of, or
   * taken back by `truncateAfter`, before or after it was seen.
   */
  tail(options: TailOptions = {}): AsyncIterableIterator<LogRecord> {
    this.#checkOpen();
    this.#log.context.observer.counts.reads++;
    return this.#consumers.tail(options);
  }

  /**
   * The durable cursor of a consumer, made at the start of the log if there is none. `name`: 1 to 64 of a-z, 0-9, - and _.
   */
  async cursor(name: string): Promise<Cursor> {
    this.#checkOpen();
    return this.#consumers.cursor(name);
  }

  /** Reads and checks everything that is durable. Answers what is damaged, one sentence for each segment, none if all is well. */
  async verify(): Promise<string[]> {
    this.#checkOpen();
    const view = this.#view();
    const { chain } = view;
    const damages: string[] = [];
    for (const [index, segment] of chain.entries()) {
      const damage = await verifySegment(this.#place, segment, chain[index + 1]).catch((error: unknown) => {
        if (view.isKept?.(segment) === false) return undefined;
        throw asWalError(error, this.#place);
      });
      if (damage === undefined) continue;
      const { end, nextLsn, fault } = damage;
      damages.push(`${segment.header.identity.name} at byte ${end.endBytes}, record ${nextLsn}: ${fault}`);
    }
    return damages;
  }

  /**
   * Reads and checks all that is durable, of both copies of a mirrored log, beside writers and readers; what one copy has not right
   * is mended from the other.
   */
  async scrub(options: ScrubOptions = {}): Promise<ScrubReport> {
    this.#checkOpen();
    const report = await this.#scrubs.run(options);
    this.#log.context.observer.scrubbed(report);
    return report;
  }

  /**
   * Lets go of records before `lsn`: whole segments, as far as every record in them is older. Settles when they are gone for
   * good: the hook `onSegmentSealed` is waited for, cursors are not.
   */
  async truncateBefore(lsn: number): Promise<void> {
    this.#checkOpen();
    checkLsns({ lsn });
    await this.#consumers.truncateBefore(lsn);
  }

  /**
   * Lets go of what the option `retention` no longer keeps, as it is done whenever a segment is begun. Answers how many segments went.
   */
  async applyRetention(): Promise<number> {
    this.#checkOpen();
    return this.#consumers.applyRetention();
  }

  /**
   * Takes back the records behind `lsn`, durably; the next record is `lsn + 1`. What was appended before this call is durable first,
   * what is appended meanwhile comes behind. A stream whose last part is taken back was never appended.
   */
  async truncateAfter(lsn: number): Promise<void> {
    this.#checkOpen();
    const { firstLsn, nextLsn } = this.stats();
    if (!Number.isInteger(lsn) || lsn < firstLsn - 1)
      throw new WalError('invalid', `the log cannot end behind record ${lsn}: it begins with ${firstLsn}`);
    if (lsn >= nextLsn - 1) return;
    this.#cuts++;
    const { writer } = this.#log;
    await this.#committer
      .cut(
        () => writer.findCut(lsn),
        (cut) => this.#consumers.truncateAfter(lsn, () => writer.cutAt(cut)),
      )
      .catch((error: unknown) => {
        throw asWalError(error, this.#place);
      });
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
      fallbacks: context.mirror?.fallbacks ?? 0,
    };
  }

  /** The log in figures; with the option `metrics`, latencies too. */
  metrics(): WalMetrics {
    const { observer } = this.#log.context;
    const { appends, syncs } = this.#committer.waiting;
    const { counts, latencies } = observer;
    return {
      ...this.stats(),
      ...counts,
      waitingAppends: appends,
      waitingSyncs: syncs,
      ...(latencies && {
        latency: { commit: latencies.commit.summary(), sync: latencies.sync.summary() },
      }),
    };
  }

  /** Makes everything durable, marks the clean end and lets go of the directory. Safe to call again. */
  close(): Promise<void> {
    this.#closing ??= this.#close().catch((error: unknown) => {
      throw asWalError(error, this.#place);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { writer, context, lock } = this.#log;
    this.#stopSyncs();
    try {
      await this.#scrubs.stop();
      await this.#consumers.stop();
      await this.#committer.sync(this.#committer.nextLsn - 1);
      await this.#committer.idle();
      await this.#committer.guard(() => writer.finish());
    } finally {
      this.#consumers.end();
      await releaseAll([() => writer.close(), () => context.manifest.close(), () => lock.release()]);
    }
  }

  #append(entries: readonly WalEntry[], type?: number): Promise<number> {
    const drafts: RecordDraft[] = [];
    try {
      this.#checkOpen();
      for (const entry of entries) drafts.push(draftOf(entry, this.#settings, type));
    } catch (error) {
      return Promise.reject(error);
    }
    const appended = this.#committer.append(drafts);
    return this.#settings.sync === 'always' ? appended.then((lsn) => this.#committer.sync(lsn)) : appended;
  }

  #view(): LogView {
    const { writer, context } = this.#log;
    return {
      place: this.#place,
      chain: writer.durableChain,
      firstLsn: context.manifest.current.floor.lsn,
      contentHash: context.encoding.contentHash,
      isKept: ({ header }) =>
        writer.durableChain.some((segment) => segment.header.identity.name === header.identity.name),
    };
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new WalError('closed', 'the log was closed: open it again');
  }
}
