import type { ChainSegment } from '../chain.ts';
import { WalError } from '../errors.ts';
import type { SegmentHeader } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { verifySegment } from '../read/verify.ts';
import type { MendedRegion } from '../report.ts';
import { StorageError } from '../storage.ts';
import type { Timers } from '../timers.ts';
import { isSegmentDamaged, mendSegment, type SegmentPlan } from './mend-segment.ts';
import type { MirrorStorage } from './mirror-storage.ts';

export interface ScrubOptions {
  /** How fast it reads, counting each copy's bytes once; default: as fast as it can. */
  readonly bytesPerSecond?: number;
  /** Ends it between two batches; the report says how far it came. */
  readonly signal?: AbortSignal;
}

export interface ScrubReport {
  /** Segments and bytes that were read and checked. */
  readonly segments: number;
  readonly bytes: number;
  /** What one copy had not right, and now has. */
  readonly mended: readonly MendedRegion[];
  /** What no copy has right, or what could not be mended, a sentence each. */
  readonly damages: readonly string[];
  /** Whether all was read. */
  readonly isComplete: boolean;
}

/** What scrubbing needs of a log that is being written. */
export interface ScrubLog {
  readonly place: LogPlace;
  readonly mirror: MirrorStorage | undefined;
  readonly timers: Timers;
  /** The segments as far as they are durable. */
  chain(): readonly ChainSegment[];
  /** Whether a segment is being written: its file cannot be replaced then. */
  isActive(segment: ChainSegment): boolean;
  /** Ends the segment that is being written. */
  roll(): Promise<void>;
  /** Runs work while no segment is removed. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Writes manifest slots anew that are damaged; answers how many were. */
  mendManifest(): Promise<readonly MendedRegion[]>;
}

/** Reads every batch and record that is durable, of both copies, and mends what one has not right from the other. */
export async function scrub(log: ScrubLog, { bytesPerSecond, signal }: ScrubOptions): Promise<ScrubReport> {
  if (bytesPerSecond !== undefined && !(bytesPerSecond > 0))
    throw new WalError('invalid', `bytesPerSecond is ${bytesPerSecond}: expected more than 0`);
  const mended: MendedRegion[] = [];
  const damages: string[] = [];
  let bytes = 0;
  let segments = 0;
  const pace = async (count: number) => {
    bytes += count;
    signal?.throwIfAborted();
    if (bytesPerSecond === undefined) return;
    await Promise.race([log.timers.delay((count / bytesPerSecond) * 1e6), aborted]);
    signal?.throwIfAborted();
  };
  const aborted = new Promise<void>((resolve) => {
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  const report = (isComplete: boolean): ScrubReport => ({ segments, bytes, mended, damages, isComplete });
  try {
    mended.push(...(await log.mendManifest()));
    for (const { header } of log.chain()) {
      try {
        damages.push(...(await damageIn(log, header, pace)));
        mended.push(...(await mendIn(log, header)));
        if (find(log, header) !== undefined) segments++;
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (find(log, header) !== undefined) damages.push(`${header.identity.name}: ${error.message}`);
      }
      signal?.throwIfAborted();
    }
  } catch (error) {
    if (signal?.aborted === true) return report(false);
    throw error;
  }
  return report(true);
}

/** A segment as far as it is durable now, and its successor; undefined if it was let go of. */
function find(log: ScrubLog, { identity }: SegmentHeader) {
  const chain = log.chain();
  const index = chain.findIndex(({ header }) => header.identity.name === identity.name);
  const segment = chain[index];
  return segment && { segment, successor: chain[index + 1] };
}

/** What is not right in any copy. */
async function damageIn(
  log: ScrubLog,
  header: SegmentHeader,
  pace: (bytes: number) => Promise<void>,
): Promise<string[]> {
  const found = find(log, header);
  if (found === undefined) return [];
  const damage = await verifySegment(log.place, found.segment, found.successor, pace);
  if (damage === undefined) return [];
  const path = pathOf(log.place, header.identity.name);
  return [`${path} at byte ${damage.end.endBytes}, record ${damage.nextLsn}: ${damage.fault}`];
}

async function mendIn(log: ScrubLog, header: SegmentHeader): Promise<MendedRegion[]> {
  const { mirror } = log;
  const found = find(log, header);
  if (mirror === undefined || found === undefined) return [];
  const plan = planOf(found.segment);
  if (!(await isSegmentDamaged(mirror, plan))) return [];
  // Its writer holds the file that would be replaced: from now on it writes elsewhere.
  if (log.isActive(found.segment)) await log.roll();
  const done = await log.exclusively(async () => {
    const now = find(log, header);
    if (now === undefined) return [];
    // A copy that cannot be mended is no reason for the log to fail.
    return mendSegment(mirror, planOf(now.segment)).catch((error: unknown) => ({ error }));
  });
  if ('error' in done) throw done.error;
  return done;
}

function planOf({ header, endBytes }: ChainSegment): SegmentPlan {
  const { segmentBytes, identity } = header;
  return { name: identity.name, fileBytes: segmentBytes, header, endBytes, zeroFrom: undefined };
}
