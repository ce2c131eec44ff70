import type { SubjectRequest } from './subject.ts';

/** A request that waits for its reply. */
export interface Waiting {
  readonly request: SubjectRequest;
  readonly id: string;
  readonly issuedAtMs: number;
}

/**
 * Tells when the oldest of the waiting requests is overdue. There is one timer for all of them, and it is left to run
 * from request to request: a timer for each would cost more than the request.
 */
export class Deadline {
  readonly #timeoutMs: number;
  readonly #oldest: () => Waiting | undefined;
  readonly #expired: (waiting: Waiting) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, oldest: () => Waiting | undefined, expired: (waiting: Waiting) => void) {
    this.#timeoutMs = timeoutMs;
    this.#oldest = oldest;
    this.#expired = expired;
  }

  /** A request was added. */
  watch(): void {
    if (this.#timer === undefined) this.#start(this.#timeoutMs);
  }

  /** To be called when the subject is done with: a running timer keeps powercut from ending. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(delayMs: number): void {
    this.#timer = setTimeout(() => this.#check(), Math.max(1, Math.ceil(delayMs)));
  }

  #check(): void {
    this.#timer = undefined;
    const waiting = this.#oldest();
    if (waiting === undefined) return;
    const leftMs = waiting.issuedAtMs + this.#timeoutMs - performance.now();
    if (leftMs > 0) {
      this.#start(leftMs);
      return;
    }
    // A reply may have come while this process was busy and still lie unread: let the event loop look first.
    setImmediate(() => {
      if (this.#oldest() === waiting) this.#expired(waiting);
      else if (this.#oldest() !== undefined) this.watch();
    });
  }
}
