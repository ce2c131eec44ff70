import { WalError } from '../errors.ts';
import type { LogPlace } from '../place.ts';
import { verifySegment } from '../read/verify.ts';
import type { LogRecord } from '../record.ts';
import { StorageError } from '../storage.ts';
import { readStream } from '../stream/read-stream.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { ForeignLog } from './foreign-log.ts';
import { LiveIterator, type TailOptions, tail } from './live-iterator.ts';

export interface ReaderOptions {
  /**
   * `durable` (default): what is proven durable, and so is never taken back. Of a batch that is known with the next one, or when
   * the writer closes the log: the last commit of a writer that is idle is not shown yet.
   * `written`: all that the writer has written, at once. If its machine crashes, some of it may be taken back.
   */
  readonly show?: 'durable' | 'written';
  /** Time between two looks at the directory, while there is nothing new: 1 to 60,000, default 50. */
  readonly pollMs?: number;
  /** How time passes; default: the system's timers. */
  readonly timers?: Timers;
}

export interface ReaderRange {
  /** First and last LSN, both included. Default: all that may be shown now. */
  readonly from?: number;
  readonly to?: number;
}

export interface ReaderStats {
  readonly firstLsn: number;
  /** Of the last record that may be shown; `firstLsn - 1` if there is none. */
  readonly lastLsn: number;
  readonly segments: number;
}

/**
 * A log, read beside a writer in another process, in this one, or none. Takes no lock and writes nothing, so a read-only
 * directory will do; what the writer does is seen as it goes on. Rejects with `corrupt` only for what stays damaged when it is
 * looked at again, and with `truncated` where what was to be read next was let go of or cut off.
 */
export class WalReader implements AsyncDisposable {
  readonly #place: LogPlace;
  readonly #log: ForeignLog;
  readonly #ending = new AbortController();

  private constructor(place: LogPlace, log: ForeignLog) {
    this.#place = place;
    this.#log = log;
  }

  /** Rejects with `io` if there is no log, `corrupt`, `unsupported` or `invalid`. */
  static async open(place: LogPlace, options: ReaderOptions = {}): Promise<WalReader> {
    const { show = 'durable', pollMs = 50, timers = systemTimers } = options;
    if (show !== 'durable' && show !== 'written')
      throw new WalError('invalid', `option show is ${String(show)}; expected 'durable' or 'written'`);
    if (!Number.isInteger(pollMs) || pollMs < 1 || pollMs > 60_000)
      throw new WalError('invalid', `option pollMs is ${String(pollMs)}; expected 1 to 60,000`);
    const pause = (signal: AbortSignal) => unlessAborted(signal, timers.delay(pollMs * 1000));
    const log = new ForeignLog(place, { show, pause });
    await log.view();
    return new WalReader(place, log);
  }

  /** The records that may be shown when the iteration starts, in order. */
  iterate({ from = 1, to = Number.MAX_SAFE_INTEGER }: ReaderRange = {}): AsyncIterableIterator<LogRecord> {
    this.#checkOpen();
    return new LiveIterator(this.#place, this.#log, { from, to, signal: this.#ending.signal });
  }

  /** One record; undefined if it may not be shown yet, was let go of, or is a part of a stream. */
  async read(lsn: number): Promise<LogRecord | undefined> {
    const records = this.iterate({ from: lsn, to: lsn });
    const { value } = await records.next();
    await records.return?.();
    return value;
  }

  /** The value of a record in chunks, one batch in memory at a time: the way to read a stream. */
  async *readStream(record: LogRecord): AsyncGenerator<Uint8Array, void, undefined> {
    this.#checkOpen();
    yield* readStream(await this.#log.view(), record);
  }

  /** The records from an LSN on and then each new one, until it is ended or the reader closed. */
  tail({ from = 1, signal }: TailOptions = {}): AsyncIterableIterator<LogRecord> {
    this.#checkOpen();
    const ends = [this.#ending.signal, ...(signal === undefined ? [] : [signal])];
    return tail(this.#place, this.#log, { from, signal: AbortSignal.any(ends) });
  }

  /** Reads and checks all that may be shown. Answers what is damaged, one sentence for each segment, none if all is well. */
  async verify(): Promise<string[]> {
    this.#checkOpen();
    const { chain } = await this.#log.view();
    const damages: string[] = [];
    for (const [index, segment] of chain.entries()) {
      const { name } = segment.header.identity;
      const damage = await verifySegment(this.#place, segment, chain[index + 1]).catch(ignoreGone);
      if (damage === undefined) continue;
      const now = (await this.#log.view()).chain.find(({ header }) => header.identity.name === name);
      // Removed, or cut off, while it was being read.
      if (now === undefined || now.endBytes < segment.endBytes) continue;
      damages.push(`${name} at byte ${damage.end.endBytes}, record ${damage.nextLsn}: ${damage.fault}`);
    }
    return damages;
  }

  /** The log as it is now. */
  async stats(): Promise<ReaderStats> {
    this.#checkOpen();
    const { firstLsn, lastLsn, chain } = await this.#log.view();
    return { firstLsn, lastLsn, segments: chain.length };
  }

  /** Ends what reads. */
  async close(): Promise<void> {
    this.#ending.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#ending.signal.aborted)
      throw new WalError('closed', 'the reader was closed: open the log again');
  }
}

/** Settles when the time has passed, or `signal` is aborted. */
function unlessAborted(signal: AbortSignal, time: Promise<void>): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    void time.then(done);
  });
}

/** A segment that is removed while it is being read has no damage. */
function ignoreGone(error: unknown): undefined {
  if (!(error instanceof StorageError && error.code === 'not-found')) throw error;
}
