import { type ScrubLog, type ScrubOptions, type ScrubReport, scrub } from './scrub.ts';

/** The scrubs of one log that is open: they end when it is closed. */
export class Scrubs {
  readonly #log: ScrubLog;
  readonly #running = new Map<AbortController, Promise<ScrubReport>>();

  constructor(log: ScrubLog) {
    this.#log = log;
  }

  async run(options: ScrubOptions): Promise<ScrubReport> {
    const ending = new AbortController();
    const asked = options.signal === undefined ? [] : [options.signal];
    const signal = AbortSignal.any([ending.signal, ...asked]);
    const running = scrub(this.#log, { ...options, signal });
    this.#running.set(ending, running);
    try {
      return await running;
    } finally {
      this.#running.delete(ending);
    }
  }

  /** Settles when none is running any more, whatever became of them. */
  async stop(): Promise<void> {
    const running = [...this.#running];
    for (const [ending] of running) ending.abort();
    await Promise.allSettled(running.map(([, report]) => report));
  }
}
