import type { LiveLog, LiveView } from './live-log.ts';
import { WakeUp } from './wake-up.ts';

/** The log that this process writes. Its readers are woken when more is durable: nothing polls. */
export class OwnLog implements LiveLog {
  readonly mayTakeBack = false;
  readonly isNear = true;
  readonly #view: () => LiveView;
  readonly #more = new WakeUp();
  #isClosed = false;

  constructor(view: () => LiveView) {
    this.#view = view;
  }

  async view(): Promise<LiveView> {
    return this.#view();
  }

  async more(lastLsn: number, signal: AbortSignal): Promise<boolean> {
    if (this.#view().lastLsn <= lastLsn && !this.#isClosed) await this.#more.wait(signal);
    if (signal.aborted) return false;
    return !this.#isClosed || this.#view().lastLsn > lastLsn;
  }

  /** More is durable. */
  wake(): void {
    this.#more.wake();
  }

  /** Nothing will come any more: readers end when they have seen all there is. */
  close(): void {
    this.#isClosed = true;
    this.#more.wake();
  }
}
