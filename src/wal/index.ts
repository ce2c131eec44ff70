export { WalError, type WalErrorCode } from './errors.ts';
export type { WalOptions } from './options.ts';
export type { LogRecord } from './record.ts';
export type { RecoveryReport } from './report.ts';
export { FileStorage, openFileStorage } from './storage/file-storage.ts';
export { MemoryStorage } from './storage/memory-storage.ts';
export {
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageFile,
  type StorageLock,
} from './storage.ts';
export { type AppendOptions, type IterateOptions, Wal, type WalPlace, type WalStats } from './wal.ts';
