import { randomBytes } from 'node:crypto';
import type { WalPlace } from './calls.ts';
import { WalError } from './errors.ts';
import {
  batchHeaderBytes,
  blockBytesMax,
  blockBytesMin,
  type CodecName,
  codecNames,
  isBlockSize,
  roundUp,
  type SegmentSettings,
  segmentBlocksMin,
} from './format.ts';
import { isUserType, recordTypeUserMax, recordTypeUserMin } from './record.ts';
import type { RetentionOptions } from './retention/limits.ts';
import type { OnSegmentSealed } from './retention/sealed-hook.ts';
import { type BackendName, backendNames } from './storage/backend-name.ts';
import { systemTimers, type Timers } from './timers.ts';

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
   * `salvage`: go on behind the last batch that is good, and leave what is damaged where it is: `iterate({ damage: 'skip' })` reads
   * around it.
   */
  readonly policy?: Policy;
  /** An LSN that the caller knows to be durable, kept elsewhere: a log that ends before it is corrupt. */
  readonly knownDurableLsn?: number;
  /**
   * Where the log is kept a second time, best on another device: what one copy has lost or damaged is mended from the other. A log
   * that has a mirror is refused without it, unless this is `missing`: the mirror is made anew when it is given again.
   */
  readonly mirror?: WalPlace | 'missing';
  /** Go on with one copy when the other fails, having durably said so first; default false: then the log fails. */
  readonly failover?: boolean;
  /**
   * Read what was written back from the medium, after the barrier and before anything is acknowledged, on each copy: `off`
   * (default), `all`, or `sample`, about one barrier in 16. What reads back wrong is a failure of that copy.
   */
  readonly readBack?: 'off' | 'sample' | 'all';
  /**
   * When what is appended becomes durable. `append` and `sync` promise, with
   * - `group` (default): `append` nothing; `sync` and `appendDurable` share a barrier with all who wait at the same time.
   * - `always`: an append that was answered is durable.
   * - `{ everyMs }` (1 to 3,600,000): as `group`, and a barrier by itself whenever so much time has passed: a power cut loses at
   *   most what was appended in that time and in that of the barrier.
   * - `none`: an append goes to the operating system at once, so that it survives the process, and is not durable before `sync`
   *   (or `unsyncedBytesMax`, the end of a segment, or `close`) asks for a barrier.
   */
  readonly sync?: SyncStrategy;
  /** How long a commit waits for others to join it, in microseconds, if the buffer does not fill first: 0 (default) to 1,000,000. */
  readonly groupDelayUs?: number;
  /** Compresses batches, from the next segment on. Older segments keep theirs; default `none`. */
  readonly codec?: CodecName;
  /** Gives each record its BLAKE3 hash (32 bytes), and checks the hashes of all that is read; default false. */
  readonly contentHash?: boolean;
  /** How the values of the user's record types (128 to 255) become bytes and back: see `appendValue`. */
  readonly types?: Readonly<Record<number, ValueCodec>>;
  /** What is let go of by itself, whenever a segment is begun; default: nothing. */
  readonly retention?: RetentionOptions;
  /**
   * Called when a segment is complete, for instance to upload it; its removal waits for the answer. At least once for each segment:
   * again if it rejected, and for one that was sealed before the log was opened, when it is to be removed.
   */
  readonly onSegmentSealed?: OnSegmentSealed;
  /** Takes times, for the latencies of `wal.metrics()`; default false. */
  readonly metrics?: boolean;
  /**
   * How commits reach the disk, where a place is given as a path: `buffered` (write, then barrier), `direct` (one call past the page
   * cache), `uring` (an io_uring), or `auto` (default): `direct` where the file system takes it, else `buffered`. `wal.backend` says which
   * and why. One that is named and cannot work here is `unsupported`.
   */
  readonly backend?: BackendName;
  /** Identities of logs and segments; never repeated values, in production the system's (default). */
  readonly randomBytes?: (length: number) => Uint8Array;
  /** Milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number;
  /** Milliseconds that never fall, for latencies; default `performance.now`. */
  readonly clock?: () => number;
  /** How time passes; default: the system's timers. */
  readonly timers?: Timers;
}

const policies = ['strict', 'point-in-time', 'salvage'] as const;
export type Policy = (typeof policies)[number];

export type SyncStrategy = 'group' | 'always' | 'none' | { readonly everyMs: number };

/** Values of one record type as bytes. */
export interface ValueCodec {
  encode(value: unknown): Uint8Array;
  decode(data: Uint8Array): unknown;
}

/** As {@link WalOptions}, complete and checked. */
export interface Settings extends SegmentSettings {
  readonly bufferBytes: number;
  readonly prepareAhead: boolean;
  readonly policy: Policy;
  readonly knownDurableLsn: number;
  readonly mirror: WalPlace | 'missing' | undefined;
  readonly failover: boolean;
  readonly readBack: 'off' | 'sample' | 'all';
  readonly sync: SyncStrategy;
  readonly groupDelayUs: number;
  readonly contentHash: boolean;
  readonly types: Readonly<Record<number, ValueCodec>>;
  readonly retention: RetentionOptions | undefined;
  readonly onSegmentSealed: OnSegmentSealed | undefined;
  readonly metrics: boolean;
  readonly backend: BackendName;
  readonly clock: () => number;
  readonly timers: Timers;
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
  check('policy', policy, policies.includes(policy), policies);
  const readBack = options.readBack ?? 'off';
  check('readBack', readBack, ['off', 'sample', 'all'].includes(readBack), "'off', 'sample' or 'all'");
  const sync = options.sync ?? 'group';
  check('sync', sync, isSyncStrategy(sync), "'group', 'always', 'none' or { everyMs: 1 to 3,600,000 }");
  const groupDelayUs = options.groupDelayUs ?? 0;
  check('groupDelayUs', groupDelayUs, within(groupDelayUs, 0, 1_000_000), '0 to 1,000,000');
  const backend = options.backend ?? 'auto';
  check('backend', backend, backendNames.includes(backend), backendNames);
  const codec = options.codec ?? 'none';
  check('codec', codec, codecNames.includes(codec), codecNames);
  const types = options.types ?? {};
  for (const type of Object.keys(types))
    check('types', type, isUserType(Number(type)), `types ${recordTypeUserMin} to ${recordTypeUserMax}`);
  checkRetention(options.retention);
  const settings: Settings = {
    blockBytes,
    segmentBytes,
    batchBytesMax,
    bufferBytes,
    unsyncedBytesMax,
    prepareAhead: options.prepareAhead ?? true,
    policy,
    knownDurableLsn,
    mirror: options.mirror,
    failover: options.failover ?? false,
    readBack,
    sync,
    groupDelayUs,
    codec,
    contentHash: options.contentHash ?? false,
    types,
    retention: options.retention,
    onSegmentSealed: options.onSegmentSealed,
    metrics: options.metrics ?? false,
    backend,
    clock: options.clock ?? (() => performance.now()),
    timers: options.timers ?? systemTimers,
    randomBytes: options.randomBytes ?? randomBytes,
    now: options.now ?? Date.now,
  };
  const unknown = Object.keys(options).find((name) => !(name in settings));
  if (unknown === undefined) return settings;
  const known = Object.keys(settings).join(', ');
  throw new WalError('invalid', `there is no option ${unknown}; there are: ${known}`);
}

function checkRetention(retention: RetentionOptions | undefined): void {
  for (const [name, value] of Object.entries(retention ?? {})) {
    const isKnown = ['maxAgeMs', 'maxBytes', 'cursors'].includes(name);
    const fits = name === 'cursors' ? typeof value === 'boolean' : within(Number(value), 0, 2 ** 53 - 1);
    check(`retention.${name}`, value, isKnown && fits, 'maxAgeMs and maxBytes from 0, cursors true or false');
  }
}

function isSyncStrategy(sync: unknown): boolean {
  if (typeof sync !== 'object' || sync === null)
    return sync === 'group' || sync === 'always' || sync === 'none';
  return 'everyMs' in sync && typeof sync.everyMs === 'number' && within(sync.everyMs, 1, 3_600_000);
}

function within(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

function check(name: string, value: unknown, holds: boolean, expected: string | readonly string[]): void {
  if (holds) return;
  const one = typeof expected === 'string' ? expected : expected.join(', ');
  throw new WalError('invalid', `option ${name} is ${String(value)}; expected ${one}`);
}
