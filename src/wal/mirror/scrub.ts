import type { ChainSegment } from '../chain.ts';
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
  const mended: MendedRegion[] = [];
  const damages: string[] = [];
  let bytes = 0;
  let segments = 0;
  const pace = async (count: number) => {
    bytes += count;
    signal?.throwIfAborted();
    if (bytesPerSecond !== undefined) await log.timers.delay((count / bytesPerSecond) * 1e6);
  };
  const report = (isComplete: boolean): ScrubReport => ({ segments, bytes, mended, damages, isComplete });
  try {
    mended.push(...(await log.mendManifest()));
    for (const segment of log.chain()) {
      if (!isKept(log, segment)) continue;
      try {
        damages.push(...(await damageIn(log, segment, pace)));
        mended.push(...(await mendIn(log, segment)));
        segments++;
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (isKept(log, segment)) damages.push(`${segment.header.identity.name}: ${error.message}`);
      }
    }
  } catch (error) {
    if (signal?.aborted === true) return report(false);
    throw error;
  }
  return report(true);
}

function isKept({ chain }: ScrubLog, { header }: ChainSegment): boolean {
  return chain().some((segment) => segment.header.identity.name === header.identity.name);
}

/** What is not right in any copy. */
async function damageIn(
  log: ScrubLog,
  segment: ChainSegment,
  pace: (bytes: number) => Promise<void>,
): Promise<string[]> {
  const chain = log.chain();
  const index = chain.findIndex(({ header }) => header.identity.name === segment.header.identity.name);
  const damage = await verifySegment(log.place, segment, chain[index + 1], pace);
  if (damage === undefined) return [];
  const path = pathOf(log.place, segment.header.identity.name);
  return [`${path} at byte ${damage.end.endBytes}, record ${damage.nextLsn}: ${damage.fault}`];
}

async function mendIn(log: ScrubLog, segment: ChainSegment): Promise<MendedRegion[]> {
  const { mirror } = log;
  const plan = planOf(segment);
  if (mirror === undefined || !(await isSegmentDamaged(mirror, plan))) return [];
  // Its writer holds the file that would be replaced: from now on it writes elsewhere.
  if (log.isActive(segment)) await log.roll();
  const done = await log.exclusively(async () => {
    if (!isKept(log, segment)) return [];
    // A copy that cannot be mended is no reason for the log to fail.
    return mendSegment(mirror, plan).catch((error: unknown) => ({ error }));
  });
  if ('error' in done) throw done.error;
  return done;
}

function planOf({ header, endBytes }: ChainSegment): SegmentPlan {
  const { segmentBytes, identity } = header;
  return { name: identity.name, fileBytes: segmentBytes, header, endBytes, zeroFrom: undefined };
}
