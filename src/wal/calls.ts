import type { WalKey } from './entry.ts';
import type { Storage } from './storage.ts';

/* What the calls of `Wal` take and answer. */

/** A directory of this machine, or of any storage. */
export type WalPlace = string | { readonly storage: Storage; readonly directory: string };

export interface AppendOptions {
  /** 1 for plain bytes (default), or 128 to 255: yours. */
  readonly type?: number;
}

export interface AppendStreamOptions extends AppendOptions {
  /** Makes it a put of this key. */
  readonly key?: WalKey;
}

export interface IterateOptions {
  /** First and last LSN, both included. Default: all that is durable now. */
  readonly from?: number;
  readonly to?: number;
  /** The last record first; default false. */
  readonly reverse?: boolean;
}

export interface SkippingOptions extends Pick<IterateOptions, 'from' | 'to'> {
  readonly damage: 'skip';
}

export interface WalStats {
  /** LSN of the oldest record that is kept, and the one that the next record gets. */
  readonly firstLsn: number;
  readonly nextLsn: number;
  /** Every record up to it is durable; 0 if none. */
  readonly durableLsn: number;
  readonly segments: number;
  /** Batches written, barriers issued for them, and segments filled, since the log was opened. */
  readonly commits: number;
  readonly syncs: number;
  readonly rolls: number;
  /** How often a batch was read from the second copy because the first did not have it right; 0 without a mirror. */
  readonly fallbacks: number;
}
