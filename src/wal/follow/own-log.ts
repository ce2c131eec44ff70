import type { LiveLog, LiveView } from './live-log.ts';
import { WakeUp } from './wake-up.ts';

/** The log that this process writes. Its readers are woken when more is durable: nothing polls. */
export class OwnLog implements LiveLog {
  readonly mayTakeBack = false;
  readonly isNear = true;
  readonly #view: () => Omit<LiveView, 'cuts'>;
  readonly #cuts: number[] = [];
  readonly #more = new WakeUp();
  #isClosed = false;
  #failure: Error | undefined;

  constructor(view: () => Omit<LiveView, 'cuts'>) {
    this.#view = view;
  }

  async view(): Promise<LiveView> {
    return { ...this.#view(), cuts: this.#cuts };
  }

  async more(lastLsn: number, signal: AbortSignal): Promise<boolean> {
    const isMore = () => this.#view().lastLsn > lastLsn;
    if (!isMore() && !this.#isClosed && this.#failure === undefined) await this.#more.wait(signal);
    if (signal.aborted) return false;
    if (isMore()) return true;
    if (this.#failure !== undefined && !this.#isClosed) throw this.#failure;
    return !this.#isClosed;
  }

  /** More is durable. */
  wake(): void {
    this.#more.wake();
  }

  /** The records behind `lsn` were taken back: who has shown one must say so. */
  cut(lsn: number): void {
    this.#cuts.push(lsn);
    this.#more.wake();
  }

  /** The log has failed: readers reject with that once they have seen all there is. */
  fail(failure: Error): void {
    this.#failure = failure;
    this.#more.wake();
  }

  /** Nothing will come any more: readers end when they have seen all there is. */
  close(): void {
    this.#isClosed = true;
    this.#more.wake();
  }
}
