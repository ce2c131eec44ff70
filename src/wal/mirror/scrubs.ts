import { type ScrubLog, type ScrubOptions, type ScrubReport, scrub } from './scrub.ts';

/** The scrubs of one log that is open: they end when it is closed. */
export class Scrubs {
  readonly #log: ScrubLog;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<ScrubReport>>();

  constructor(log: ScrubLog) {
    this.#log = log;
  }

  async run(options: ScrubOptions): Promise<ScrubReport> {
    const asked = options.signal === undefined ? [] : [options.signal];
    const signal = AbortSignal.any([this.#ending.signal, ...asked]);
    const running = scrub(this.#log, { ...options, signal });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Settles when none is running any more, whatever became of them. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#running);
  }
}
