import type { LatencySummary } from './latency.ts';
import type { Counts } from './observer.ts';

/** A log in figures. Counts start when it is opened. */
export interface WalMetrics extends Readonly<Counts> {
  readonly firstLsn: number;
  readonly nextLsn: number;
  readonly durableLsn: number;
  readonly segments: number;
  readonly commits: number;
  readonly syncs: number;
  readonly rolls: number;
  /** Reads that one copy could not answer, and the other did. */
  readonly fallbacks: number;
  /** Calls that wait now: for room in the buffer, and for durability. */
  readonly waitingAppends: number;
  readonly waitingSyncs: number;
  /** With the option `metrics`: writing a batch with its barrier, and what `sync` and `appendDurable` waited for it. */
  readonly latency?: { readonly commit: LatencySummary; readonly sync: LatencySummary };
}

/** Anything that can be measured: a `Wal`. */
export interface Measured {
  metrics(): WalMetrics;
}
