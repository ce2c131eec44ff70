export type {
  AppendOptions,
  AppendStreamOptions,
  IterateOptions,
  SkippingOptions,
  WalPlace,
  WalStats,
} from './calls.ts';
export type { WalEntry, WalKey } from './entry.ts';
export { WalError, type WalErrorCode } from './errors.ts';
export type { TailOptions } from './follow/live-iterator.ts';
export type { ReaderOptions, ReaderRange, ReaderStats, WalReader } from './follow/wal-reader.ts';
export type { CodecName } from './format.ts';
export type {
  CommitEvent,
  FailedEvent,
  RollEvent,
  SealedSegment,
  SyncEvent,
} from './metrics/channels.ts';
export type { LatencySummary } from './metrics/latency.ts';
export type { WalMetrics } from './metrics/metrics.ts';
export { type CollectorOptions, prometheusText, walCollector } from './metrics/prometheus.ts';
export type { ScrubOptions, ScrubReport } from './mirror/scrub.ts';
export type { SyncStrategy, ValueCodec, WalOptions } from './options.ts';
export type { RecordIterator } from './read/iterate.ts';
export { isGap, type LogGap, type SalvagedRecord } from './read/salvage.ts';
export { type LogRecord, recordTypes } from './record.ts';
export type { MendedRegion, RecoveryReport } from './report.ts';
export type { Cursor } from './retention/cursor.ts';
export type { RetentionOptions } from './retention/limits.ts';
export type { OnSegmentSealed } from './retention/sealed-hook.ts';
export { openBackend } from './storage/backend.ts';
export type { BackendName } from './storage/backend-name.ts';
export { FileStorage, openFileStorage } from './storage/file-storage.ts';
export { MemoryStorage } from './storage/memory-storage.ts';
export {
  type Storage,
  type StorageBackend,
  StorageError,
  type StorageErrorCode,
  type StorageFile,
  type StorageLock,
} from './storage.ts';
export type { ByteSource } from './stream/append-stream.ts';
export type { Timers } from './timers.ts';
export { Wal } from './wal.ts';
