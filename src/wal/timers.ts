import { setImmediate, setTimeout } from 'node:timers/promises';

/** How a log lets time pass. Tests give their own. */
export interface Timers {
  /** Calls back again and again until the answer is called. Does not keep the process alive. */
  every(ms: number, callback: () => void): () => void;
  /** Settles after so many microseconds, or somewhat later. */
  delay(us: number): Promise<void>;
}

export const systemTimers: Timers = {
  every(ms, callback) {
    const interval = setInterval(callback, ms);
    interval.unref();
    return () => clearInterval(interval);
  },
  async delay(us) {
    if (us >= 1000) return setTimeout(us / 1000);
    // The system's timers count milliseconds: shorter times pass in turns of the event loop.
    const end = process.hrtime.bigint() + BigInt(Math.round(us * 1000));
    while (process.hrtime.bigint() < end) await setImmediate();
  },
};
