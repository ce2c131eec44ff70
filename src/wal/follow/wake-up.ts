/** Lets any number of callers wait until something has happened again. */
export class WakeUp {
  readonly #waiting = new Set<() => void>();

  /** Wakes all who wait now. */
  wake(): void {
    for (const resume of [...this.#waiting]) resume();
  }

  /** Settles at the next {@link wake}, or when `signal` is aborted. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const resume = () => {
        this.#waiting.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      signal.addEventListener('abort', resume, { once: true });
      this.#waiting.add(resume);
    });
  }
}
