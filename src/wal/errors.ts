import type { LogPlace } from './place.ts';
import type { RecoveryReport } from './report.ts';
import { StorageError } from './storage.ts';

/**
 * `corrupt`: bytes that may have been acknowledged are damaged or missing; `report` says where, if recovery found it.
 * `failed`: a write or a barrier failed earlier (`cause`); the log accepts nothing more until it is opened again.
 * `full`: as `failed`, because the disk had no room.
 * `io`: the disk refused something while the log was being opened or read; nothing was changed.
 * `locked`: another writer has the log open.
 * `closed`: this `Wal` was closed.
 * `too-large`: a record or an atomic batch is longer than `batchBytesMax`.
 * `truncated`: what is being read or appended was cut off, or let go of, meanwhile.
 * `invalid`: an argument or an option is wrong, or two options contradict each other.
 * `unsupported`: the log was written by a later version, or this disk cannot do what the log needs.
 */
export type WalErrorCode =
  | 'corrupt'
  | 'failed'
  | 'full'
  | 'io'
  | 'locked'
  | 'closed'
  | 'too-large'
  | 'truncated'
  | 'invalid'
  | 'unsupported';

export class WalError extends Error {
  override readonly name = 'WalError';
  readonly code: WalErrorCode;
  readonly report: RecoveryReport | undefined;

  constructor(
    code: WalErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly report?: RecoveryReport } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.report = options.report;
  }
}

/** What a storage refuses while a log is opened or read becomes an error of the log. */
export function asWalError(error: unknown, place: LogPlace): unknown {
  if (!(error instanceof StorageError)) return error;
  const where = `the log in ${place.storage.description}${place.directory}`;
  switch (error.code) {
    case 'locked':
      return new WalError('locked', `${where} is in use by another writer: ${error.message}`, {
        cause: error,
      });
    case 'full':
      return new WalError('full', `${where} has no room: ${error.message}`, { cause: error });
    case 'unsupported':
      return new WalError('unsupported', `${where}: ${error.message}`, { cause: error });
    default:
      return new WalError('io', `${where} cannot be used: ${error.message}`, { cause: error });
  }
}
