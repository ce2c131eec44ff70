import type { Firing } from '../plan.ts';
import { namePattern } from '../volume/wildcards.ts';

/** What fired so far, in order, and who wants to know of more. */
export class Firings {
  readonly #all: Firing[] = [];
  readonly #watchers = new Set<(firing: Firing) => void>();

  add(firing: Firing): void {
    this.#all.push(firing);
    for (const watcher of [...this.#watchers]) watcher(firing);
  }

  /** Answers what ends it. */
  watch(watcher: (firing: Firing) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The latest of a rule whose id the pattern matches. */
  latest(pattern: string): Firing | undefined {
    const wanted = namePattern(pattern);
    return this.#all.findLast(({ id }) => wanted.test(id));
  }

  /**
   * Settles with the latest firing as soon as `isEnough`, which is asked again after each; with undefined where that is not so
   * within `timeoutMs`, or once `signal` aborts.
   */
  async waitUntil(
    isEnough: () => Promise<boolean>,
    { pattern, timeoutMs, signal }: { pattern: string; timeoutMs: number; signal: AbortSignal },
  ): Promise<Firing | undefined> {
    const ended = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]);
    while (!ended.aborted) {
      const more = this.#more(ended);
      if (await isEnough()) {
        // The disk counts a firing a moment before it is told here.
        const firing = this.latest(pattern);
        if (firing !== undefined) return firing;
      }
      await more;
    }
    return undefined;
  }

  #more(ended: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        stop();
        ended.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.watch(done);
      ended.addEventListener('abort', done);
    });
  }
}
