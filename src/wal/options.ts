import { randomBytes } from 'node:crypto';
import { WalError } from './errors.ts';
import {
  batchHeaderBytes,
  blockBytesMax,
  blockBytesMin,
  isBlockSize,
  roundUp,
  type SegmentSettings,
  segmentBlocksMin,
} from './format.ts';

/** Every option of {@link Wal.open}, with its unit, range and default. */
export interface WalOptions {
  /**
   * The unit of writing: a power of two from 512 to 65,536, at least the disk's physical block, default 4096.
   * A torn write harms no bytes outside the blocks that it writes.
   */
  readonly blockBytes?: number;
  /** Size of a segment file: a multiple of `blockBytes`, at least 4 blocks, default 64 MiB. */
  readonly segmentBytes?: number;
  /** The longest record and the longest atomic batch, with 12 bytes a record: 1 KiB to 1 GiB, default 16 MiB. */
  readonly batchBytesMax?: number;
  /** What is accepted and not yet written: more makes `append` wait. 4 KiB to 1 GiB, default 1 MiB. */
  readonly bufferBytes?: number;
  /** What is written and not yet synced: more makes the log sync by itself. At least a batch and a block, default twice that. */
  readonly unsyncedBytesMax?: number;
  /**
   * Make the next segment ready in the background once the current one is half full (default), so that a roll costs one
   * barrier; or, if false, only when it is needed: then nothing is written but by a call that waits for it.
   */
  readonly prepareAhead?: boolean;
  /**
   * What to do about damage that may have been acknowledged. `strict` (default): refuse to open, and change nothing.
   * `point-in-time`: verify every segment, end the log before the first damage, and set the rest aside.
   */
  readonly policy?: 'strict' | 'point-in-time';
  /** An LSN that the caller knows to be durable, kept elsewhere: a log that ends before it is corrupt. */
  readonly knownDurableLsn?: number;
  /** Identities of logs and segments; never repeated values, in production the system's (default). */
  readonly randomBytes?: (length: number) => Uint8Array;
  /** Milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number;
}

/** As {@link WalOptions}, complete and checked. */
export interface Settings extends SegmentSettings {
  readonly bufferBytes: number;
  readonly prepareAhead: boolean;
  readonly policy: 'strict' | 'point-in-time';
  readonly knownDurableLsn: number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly now: () => number;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const gibibyte = 1024 * mebibyte;

/** Throws `invalid` with the option's name, what it was and what it may be. */
export function settle(options: WalOptions): Settings {
  const blockBytes = options.blockBytes ?? 4096;
  check(
    'blockBytes',
    blockBytes,
    isBlockSize(blockBytes),
    `a power of two, ${blockBytesMin} to ${blockBytesMax}`,
  );
  const segmentBytes = options.segmentBytes ?? 64 * mebibyte;
  check(
    'segmentBytes',
    segmentBytes,
    segmentBytes % blockBytes === 0 && within(segmentBytes, segmentBlocksMin * blockBytes, 64 * gibibyte),
    `a multiple of blockBytes (${blockBytes}), at least ${segmentBlocksMin} of them, at most 64 GiB`,
  );
  const batchBytesMax = options.batchBytesMax ?? 16 * mebibyte;
  check('batchBytesMax', batchBytesMax, within(batchBytesMax, kibibyte, gibibyte), '1 KiB to 1 GiB');
  const bufferBytes = options.bufferBytes ?? mebibyte;
  check('bufferBytes', bufferBytes, within(bufferBytes, 4 * kibibyte, gibibyte), '4 KiB to 1 GiB');
  const longest = roundUp(batchHeaderBytes + batchBytesMax, blockBytes) + blockBytes;
  const unsyncedBytesMax = options.unsyncedBytesMax ?? 2 * longest;
  check(
    'unsyncedBytesMax',
    unsyncedBytesMax,
    within(unsyncedBytesMax, longest, 2 ** 32 - 1),
    `at least ${longest} (the longest batch and a seal), below 4 GiB`,
  );
  const knownDurableLsn = options.knownDurableLsn ?? 0;
  check('knownDurableLsn', knownDurableLsn, within(knownDurableLsn, 0, 2 ** 53 - 1), 'an LSN');
  const policy = options.policy ?? 'strict';
  check('policy', policy, policy === 'strict' || policy === 'point-in-time', "'strict' or 'point-in-time'");
  const settings: Settings = {
    blockBytes,
    segmentBytes,
    batchBytesMax,
    bufferBytes,
    unsyncedBytesMax,
    prepareAhead: options.prepareAhead ?? true,
    policy,
    knownDurableLsn,
    randomBytes: options.randomBytes ?? randomBytes,
    now: options.now ?? Date.now,
  };
  for (const name of Object.keys(options)) {
    const known = Object.keys(settings).join(', ');
    if (!(name in settings)) throw new WalError('invalid', `there is no option ${name}; there are: ${known}`);
  }
  return settings;
}

function within(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

function check(name: string, value: unknown, holds: boolean, expected: string): void {
  if (!holds) throw new WalError('invalid', `option ${name} is ${String(value)}; expected ${expected}`);
}
