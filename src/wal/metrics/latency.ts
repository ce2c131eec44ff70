import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** How long something took, in milliseconds, over the life of a log. */
export interface LatencySummary {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

const nanosecondsPerMs = 1_000_000;

/** Latencies with three significant digits, from a nanosecond up. */
export class Latency {
  readonly #histogram: RecordableHistogram = createHistogram();
  #sumMs = 0;

  record(ms: number): void {
    this.#sumMs += ms;
    this.#histogram.record(Math.max(1, Math.round(ms * nanosecondsPerMs)));
  }

  summary(): LatencySummary {
    const { count, max } = this.#histogram;
    const percentile = (percent: number) =>
      count === 0 ? 0 : this.#histogram.percentile(percent) / nanosecondsPerMs;
    return {
      count,
      sumMs: this.#sumMs,
      maxMs: count === 0 ? 0 : max / nanosecondsPerMs,
      p50Ms: percentile(50),
      p90Ms: percentile(90),
      p99Ms: percentile(99),
      p999Ms: percentile(99.9),
    };
  }
}
