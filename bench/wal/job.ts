/**
 * What a contestant is asked to do. Each job is a process of its own in a fresh directory: it gets the job as arguments, times
 * itself with its own monotonic clock, and answers with one line of JSON, {@link Measured}.
 *
 * `durable`: every writer appends a record, waits until it is durable, and begins again. `batch`: one writer, 1,000 records
 * made durable by one call. `unsynced`: one writer, nobody waits for the disk. `scan`: a log of `bytesMax` is opened and every
 * record read and checked, twice; the second time counts. `roll`: as `durable` in short segments, and only the appends that
 * began a segment count.
 */
export const works = ['durable', 'batch', 'unsynced', 'scan', 'roll'] as const;
export type Work = (typeof works)[number];

export interface Job {
  readonly work: Work;
  readonly payloadBytes: number;
  /** At once; 1 for all but `durable`. */
  readonly writers: number;
  /** What begins in this time does not count. */
  readonly warmUpMs: number;
  readonly runMs: number;
  /** Of payload: what `scan` reads, and where the others stop before their time. */
  readonly bytesMax: number;
}

/** Latencies are those of a call: of 1,000 records in `batch` and `unsynced`, 0 in `scan`. */
export interface Measured {
  readonly records: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** CPU time in user mode for each record: of powercut alone, to compare it with itself. */
  readonly userUs?: number;
}

/** A contestant that cannot run here says why instead. */
export interface Unavailable {
  readonly unavailable: string;
}

export const batchRecords = 1000;

/** The arguments, in the order in which every contestant reads them. */
export function jobArguments(job: Job, directory: string): readonly string[] {
  const { work, payloadBytes, writers, warmUpMs, runMs, bytesMax } = job;
  return [work, directory, ...[payloadBytes, writers, warmUpMs, runMs, bytesMax].map(String)];
}

export function parseJob([work, , ...numbers]: readonly string[]): Job {
  const [payloadBytes = 0, writers = 0, warmUpMs = 0, runMs = 0, bytesMax = 0] = numbers.map(Number);
  return { work: work as Work, payloadBytes, writers, warmUpMs, runMs, bytesMax };
}

/** Names a job in tables. Equal names are equal jobs, but for their duration. */
export function titleOf({ work, payloadBytes, writers }: Job): string {
  const payload = payloadBytes < 1024 ? `${payloadBytes} B` : `${payloadBytes / 1024} KiB`;
  switch (work) {
    case 'durable':
      return `durable, ${payload}, ${writers.toLocaleString('en')} ${writers === 1 ? 'writer' : 'writers'}`;
    case 'batch':
      return `durable, batches of 1,000 x ${payload}`;
    case 'unsynced':
      return `not synced, ${payload}, by the 1,000`;
    case 'scan':
      return `recovery scan, ${payload}`;
    case 'roll':
      return `durable, ${payload}, into a new segment`;
  }
}
