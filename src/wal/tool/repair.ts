import type { WalOptions } from '../options.ts';
import type { LogPlace } from '../place.ts';
import { Wal } from '../wal.ts';
import { dumpSegment } from './dump-segment.ts';
import { planMending } from './mend.ts';
import { rebuildManifest, writeManifest } from './rebuild-manifest.ts';
import { isSameLog, type Survey, survey } from './survey.ts';
import { verifyLog } from './verify.ts';

export interface RepairOptions {
  /** The other copy: what is damaged here is taken from there. */
  readonly mirror?: LogPlace;
  /** End the log before the first damage, and set what follows aside. */
  readonly policy?: 'point-in-time';
  /** The log is known to start with this LSN: for a manifest that is made anew. */
  readonly firstLsn?: number;
}

export interface RepairStep {
  readonly file: string;
  readonly what: string;
  /** What cannot be read any more afterwards. */
  readonly loses: string | undefined;
  /** Does it; answers what was done. Nothing is ever deleted. */
  apply(): Promise<string[]>;
}

export interface RepairPlan {
  readonly steps: readonly RepairStep[];
  /** What cannot be repaired, and why. */
  readonly refusals: readonly string[];
  readonly damages: number;
}

/** What a repair would do. Nothing is changed before a step's `apply`. */
export async function planRepair(place: LogPlace, options: RepairOptions): Promise<RepairPlan> {
  const log = await survey(place);
  const damages = (await verifyLog(log)).problems.filter(({ level }) => level === 'damage');
  const steps: RepairStep[] = [];
  const refusals: string[] = [];
  const { mirror } = options;
  const other = mirror === undefined ? undefined : await survey(mirror);
  if (other !== undefined && log.logId !== undefined && !isSameLog(log, other))
    return {
      steps,
      refusals: ['the other directory does not hold a copy of this log'],
      damages: damages.length,
    };
  if (other !== undefined) {
    const { mends, lost } = await planMending(log, other);
    steps.push(
      ...mends.map((mend) => ({ ...mend, loses: undefined, apply: () => locked(place, () => mend.apply()) })),
    );
    refusals.push(...lost);
  }
  const isManifestLost = log.manifest === undefined && other?.manifest === undefined;
  if (isManifestLost && log.segments.length > 0) {
    const rebuilt = await rebuildManifest(log, options.firstLsn);
    if ('refusal' in rebuilt) refusals.push(`the manifest is not made anew: ${rebuilt.refusal}`);
    else
      steps.push({
        file: 'manifest',
        what: `made anew from the segments: ${rebuilt.summary}`,
        loses: undefined,
        apply: () => locked(place, () => writeManifest(log, rebuilt.bytes)),
      });
  } else if (options.policy === 'point-in-time' && damages.length > 0 && steps.length === 0) {
    steps.push(await endBeforeDamage(log));
  }
  if (steps.length === 0 && refusals.length === 0)
    refusals.push(
      ...damages.map(
        ({ file, position, what }) =>
          `${file}${position === undefined ? '' : ` at byte ${position}`}: ${what}`,
      ),
    );
  return { steps, refusals, damages: damages.length };
}

/** Nobody may be writing to a log that is repaired. */
async function locked<T>({ storage, directory }: LogPlace, work: () => Promise<T>): Promise<T> {
  const lock = await storage.lock(directory);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function endBeforeDamage(log: Survey): Promise<RepairStep> {
  const { place } = log;
  const { endLsn, file, readable } = await whatFollowsDamage(log);
  return {
    file,
    what: `the log ends before LSN ${endLsn}; segment files behind that are renamed to *.quarantine`,
    loses: `LSN ${endLsn} and all that follow, ${readable} of which can be read now`,
    async apply() {
      const wal = await Wal.open(place, { ...optionsLike(log), policy: 'point-in-time' });
      const { nextLsn, quarantined } = wal.recovery;
      await wal.close();
      return [`ended the log before LSN ${nextLsn}`, ...quarantined.map((name) => `set aside ${name}`)];
    },
  };
}

/** The LSN before which the first damage ends the log, and how many records from it on could still be read. */
async function whatFollowsDamage(log: Survey): Promise<{ endLsn: number; file: string; readable: number }> {
  let found: { endLsn: number; file: string } | undefined;
  let readable = 0;
  const parts = log.segments.filter(({ role }) => role === 'chain' || role === 'beyond');
  for (const segment of parts) {
    for await (const item of dumpSegment(log.place, segment, log.chain[0]?.header, false)) {
      if (item.kind !== 'batch') found ??= { endLsn: item.nextLsn, file: segment.identity.name };
      if (item.kind === 'damage') readable += item.goodLsns.length;
      else if (item.kind === 'batch' && found !== undefined) readable += item.header.recordCount;
    }
  }
  return { endLsn: found?.endLsn ?? log.judgement?.nextLsn ?? 1, file: found?.file ?? 'manifest', readable };
}

/** The settings of the newest segment: a repair should not change them. */
function optionsLike({ chain }: Survey): WalOptions {
  const header = chain.at(-1)?.header;
  if (header === undefined) return {};
  const { blockBytes, segmentBytes, batchBytesMax, unsyncedBytesMax, codec } = header;
  return { blockBytes, segmentBytes, batchBytesMax, unsyncedBytesMax, codec };
}
