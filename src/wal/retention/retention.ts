import type { ChainSegment } from '../chain.ts';
import { WalError } from '../errors.ts';
import type { SealedSegment } from '../metrics/channels.ts';
import { countToLetGo, type RetentionOptions } from './limits.ts';
import type { SealedHook } from './sealed-hook.ts';

/** What retention needs of its log. */
export interface RetainedLog {
  readonly chain: () => readonly ChainSegment[];
  readonly lowestCursorLsn: () => Promise<number | undefined>;
  readonly now: () => number;
  /** Removes the segments in which every record is older than `lsn`. */
  readonly truncateBefore: (lsn: number) => Promise<void>;
}

/** Lets go of segments by age, size and cursors: when a segment is begun, and when it is asked to. One time after the other. */
export class Retention {
  readonly #log: RetainedLog;
  readonly #options: RetentionOptions | undefined;
  readonly #hook: SealedHook;
  #last: Promise<unknown> = Promise.resolve();
  #removing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(log: RetainedLog, options: RetentionOptions | undefined, hook: SealedHook) {
    this.#log = log;
    this.#options = options;
    this.#hook = hook;
  }

  /** A hook that rejects is called again when its segment is to be removed. */
  sealed(segment: SealedSegment): void {
    this.#hook.call(segment).catch(() => undefined);
  }

  /** In the background: what fails there fails the log, or is tried again when the next segment is begun. */
  rolled(): void {
    if (this.#options !== undefined && !this.#isClosed) this.apply().catch(() => undefined);
  }

  /** Settles when what may go is gone, and answers how many segments that were. Rejects as the hook does. */
  apply(): Promise<number> {
    const options = this.#options ?? {};
    return this.#inTurn(async () => {
      const lowestCursorLsn = options.cursors ? await this.#log.lowestCursorLsn() : undefined;
      const chain = this.#log.chain();
      const count = countToLetGo(options, { chain, lowestCursorLsn, nowMs: this.#log.now() });
      await this.#remove(chain, count);
      return count;
    });
  }

  /** Removes the segments in which every record is older than `lsn`, whatever the options are. */
  truncateBefore(lsn: number): Promise<void> {
    return this.#inTurn(async () => {
      const chain = this.#log.chain();
      const count = chain.slice(1).filter(({ header }) => header.baseLsn <= lsn).length;
      await this.#remove(chain, count);
    });
  }

  /** Settles when nothing is being removed any more. Hooks are not waited for: what they hold back stays. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#removing.catch(() => undefined);
  }

  /** Meanwhile the log may be cut and go on elsewhere: what came later is not meant. */
  async #remove(chain: readonly ChainSegment[], count: number): Promise<void> {
    await this.#hook.callForOldest(chain, count);
    this.#checkOpen();
    const leaving = new Set(chain.slice(0, count).map(({ header }) => header.identity.name));
    const kept = this.#log.chain().find(({ header }) => !leaving.has(header.identity.name));
    if (kept === undefined) return;
    this.#removing = this.#log.truncateBefore(kept.header.baseLsn);
    await this.#removing;
    this.#hook.forget(chain, count);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      this.#checkOpen();
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
  #checkOpen(): void {
    if (this.#isClosed)
      throw new WalError('closed', 'the log was closed before its segments were let go of: open it again');
  }
}
