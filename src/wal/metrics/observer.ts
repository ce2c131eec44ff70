import type { SegmentHeader } from '../format.ts';
import type { ScrubReport } from '../mirror/scrub.ts';
import type { LogPlace } from '../place.ts';
import type { RecoveryReport } from '../report.ts';
import { channels, type SealedSegment } from './channels.ts';
import { Latency } from './latency.ts';

/** Who acts on what a log does. */
export interface Followers {
  /** More is durable. */
  durable(): void;
  sealed(segment: SealedSegment): void;
  rolled(): void;
  failed(error: Error): void;
}

/** What was counted since a log was opened. */
export interface Counts {
  /** Calls that appended something, and the records of all batches written, with the bytes of these, 12 for each included. */
  appends: number;
  records: number;
  recordBytes: number;
  /** In whole blocks, data batches only. */
  writtenBytes: number;
  /** Iterations begun, of one record or of many. */
  reads: number;
  /** Places in one copy that were mended from the other, by recovery and scrubs. */
  mended: number;
  /** 1 once the log has failed. */
  failures: number;
}

/**
 * The one seam between a log's work and those who watch it: the code that writes calls it after each step. It counts; with
 * `metrics` it takes times; it tells the followers, of whom there may be none, and the subscribers of {@link channels}.
 */
export class LogObserver {
  readonly counts: Counts = {
    appends: 0,
    records: 0,
    recordBytes: 0,
    writtenBytes: 0,
    reads: 0,
    mended: 0,
    failures: 0,
  };
  /** Writing a batch, with its barrier if it has one; and how long callers waited for durability. */
  readonly latencies: { readonly commit: Latency; readonly sync: Latency } | undefined;
  followers: Followers | undefined;
  readonly #log: string;
  readonly #clock: () => number;

  /** `clock`: milliseconds, never falling. */
  constructor({ storage, directory }: LogPlace, isTimed: boolean, clock: () => number) {
    this.#log = `${storage.description}${directory}`;
    this.#clock = clock;
    this.latencies = isTimed ? { commit: new Latency(), sync: new Latency() } : undefined;
  }

  /** The time, for a later call here; 0 if no times are taken. */
  now(): number {
    return this.latencies === undefined ? 0 : this.#clock();
  }

  /** A batch was written since `begunAt`; `lastLsn` is its last record's. */
  committed(
    records: number,
    recordBytes: number,
    bytes: number,
    isDurable: boolean,
    lastLsn: number,
    begunAt: number,
  ): void {
    const { counts } = this;
    counts.records += records;
    counts.recordBytes += recordBytes;
    counts.writtenBytes += bytes;
    this.latencies?.commit.record(this.#clock() - begunAt);
    if (channels.commit.hasSubscribers)
      channels.commit.publish({ log: this.#log, records, lastLsn, bytes, isDurable });
  }

  /** All up to `durableLsn` is durable. */
  durable(durableLsn: number): void {
    this.followers?.durable();
    if (channels.sync.hasSubscribers) channels.sync.publish({ log: this.#log, durableLsn });
  }

  /** Someone who began to wait for durability at `begunAt` has it. */
  waited(begunAt: number): void {
    this.latencies?.sync.record(this.#clock() - begunAt);
  }

  sealed(segment: SealedSegment): void {
    this.followers?.sealed(segment);
    if (channels.sealed.hasSubscribers) channels.sealed.publish({ log: this.#log, ...segment });
  }

  rolled({ identity, baseLsn }: SegmentHeader): void {
    this.followers?.rolled();
    if (channels.roll.hasSubscribers) channels.roll.publish({ log: this.#log, file: identity.name, baseLsn });
  }

  recovered(report: RecoveryReport): void {
    this.counts.mended += report.mended.length;
    if (channels.recovery.hasSubscribers) channels.recovery.publish({ log: this.#log, report });
  }

  scrubbed(report: ScrubReport): void {
    this.counts.mended += report.mended.length;
    if (channels.scrub.hasSubscribers) channels.scrub.publish({ log: this.#log, report });
  }

  failed(error: Error): void {
    this.counts.failures++;
    this.followers?.failed(error);
    if (channels.failed.hasSubscribers) channels.failed.publish({ log: this.#log, error });
  }
}
