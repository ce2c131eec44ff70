import type { ChainSegment } from '../chain.ts';
import type { SealedSegment } from '../metrics/channels.ts';

/** Called when a segment is complete, for instance to upload it. What it answers is waited for before the segment is removed. */
export type OnSegmentSealed = (segment: SealedSegment) => void | Promise<void>;

/**
 * Calls a hook for each segment at least once before it is removed: when it is sealed, or, if that was before the log was opened or
 * the hook rejected, when it is to be removed.
 */
export class SealedHook {
  readonly #hook: OnSegmentSealed | undefined;
  readonly #called = new Map<string, Promise<void>>();

  constructor(hook: OnSegmentSealed | undefined) {
    this.#hook = hook;
  }

  /** Settles when the hook has; rejects as it did, and then it is called again the next time. */
  call(segment: SealedSegment): Promise<void> {
    const hook = this.#hook;
    if (hook === undefined) return Promise.resolve();
    const earlier = this.#called.get(segment.file);
    if (earlier !== undefined) return earlier;
    const called = (async () => hook(segment))();
    this.#called.set(segment.file, called);
    called.catch(() => this.#called.delete(segment.file));
    return called;
  }

  /** Settles when the hook has for the `count` oldest segments of a log, which are about to be removed. */
  async callForOldest(chain: readonly ChainSegment[], count: number): Promise<void> {
    if (this.#hook === undefined) return;
    for (const [index, { header, endBytes }] of chain.slice(0, count).entries()) {
      const { name, number } = header.identity;
      const lastLsn = (chain[index + 1]?.header.baseLsn ?? header.baseLsn) - 1;
      await this.call({ file: name, number, firstLsn: header.baseLsn, lastLsn, bytes: endBytes });
    }
  }

  /** Segments that are gone need not be remembered. */
  forget(chain: readonly ChainSegment[], count: number): void {
    for (const { header } of chain.slice(0, count)) this.#called.delete(header.identity.name);
  }
}
