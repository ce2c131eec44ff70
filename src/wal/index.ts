export { WalError, type WalErrorCode } from './errors.ts';
export { FileStorage, openFileStorage } from './file-storage.ts';
export { MemoryStorage } from './memory-storage.ts';
export type { WalOptions } from './options.ts';
export type { LogRecord } from './record.ts';
export type { RecoveryReport } from './report.ts';
export {
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageFile,
  type StorageLock,
} from './storage.ts';
export { type AppendOptions, type IterateOptions, Wal, type WalPlace, type WalStats } from './wal.ts';
