import { loadEncoding } from '../codec/codec.ts';
import { WalError } from '../errors.ts';
import { logStart } from '../format.ts';
import { ManifestFile } from '../manifest.ts';
import { LogObserver } from '../metrics/observer.ts';
import { nameOf } from '../mirror/copy.ts';
import { mendCopies } from '../mirror/mend-copies.ts';
import { admitOneCopy, type OpenCopies, openBothCopies, openOneCopy } from '../mirror/open-copies.ts';
import { readingBack, samplerFor } from '../mirror/read-back.ts';
import type { Settings } from '../options.ts';
import type { LogPlace } from '../place.ts';
import type { RecoveryReport } from '../report.ts';
import type { StorageLock } from '../storage.ts';
import type { LogContext } from '../write/prepare.ts';
import { SegmentWriter } from '../write/segment-writer.ts';
import { examine } from './recover.ts';
import { refuseDamage, resumeLog } from './resume.ts';

/** A log that was recovered and may be written: its lock is held. */
export interface OpenLog {
  readonly context: LogContext;
  readonly writer: SegmentWriter;
  readonly lock: StorageLock;
  readonly report: RecoveryReport;
}

/**
 * Recovers a log, or makes one where there is none. Everything that it shows is durable (I6). With `mirror` it is kept there
 * too, and what one copy has not right is mended from the other.
 */
export async function openLog(first: LogPlace, settings: Settings, mirrorPlace?: LogPlace): Promise<OpenLog> {
  const copies = await openCopies(first, settings, mirrorPlace);
  const { place, lock, mirror } = copies;
  try {
    const names = await place.storage.list(place.directory);
    const encoding = await loadEncoding(settings.codec, settings.contentHash);
    const observer = new LogObserver(place, settings.metrics, settings.clock);
    const findings = await examine(place, names, settings);
    const parts = { place, settings, encoding, observer, mirror };
    if (findings === undefined) return { ...(await createLog(parts, copies.warnings)), lock };
    let { manifest } = findings;
    try {
      refuseDamage(place, findings, settings);
      const warnings = [...copies.warnings];
      if (mirrorPlace === undefined)
        warnings.push(...(await admitOneCopy(place, manifest.current, settings)));
      const mended =
        mirror === undefined ? [] : await mendCopies(mirror, findings, names, settings.segmentBytes);
      if (mirror?.behind !== undefined)
        warnings.push(`${nameOf(mirror.behind)} cannot be mended, and is behind from now on`);
      if (mirror !== undefined) {
        const before = manifest;
        manifest = await openManifestAgain(place);
        await before.close();
        // From here on nobody writes to one copy alone unless that copy says so.
        if (manifest.current.copies === 1) await manifest.update({ copies: 2 });
      }
      const { writer, report } = await resumeLog({ ...parts, manifest }, findings);
      return { context: { ...parts, manifest }, writer, report: { ...report, mended, warnings }, lock };
    } catch (error) {
      await manifest.close();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function openCopies(first: LogPlace, settings: Settings, second: LogPlace | undefined): Promise<OpenCopies> {
  const isChosen = samplerFor(settings);
  const checked = (place: LogPlace) =>
    isChosen === undefined ? place : { ...place, storage: readingBack(place.storage, isChosen) };
  return second === undefined
    ? openOneCopy(checked(first))
    : openBothCopies([checked(first), checked(second)], settings);
}

/** As it is after mending, in both copies: what is open may be a file that was replaced. */
async function openManifestAgain(place: LogPlace): Promise<ManifestFile> {
  const manifest = await ManifestFile.open(place);
  if (manifest === undefined)
    throw new WalError('corrupt', `the manifest in ${place.storage.description} is gone`);
  return manifest;
}

async function createLog(
  parts: Omit<LogContext, 'manifest'>,
  warnings: readonly string[],
): Promise<Omit<OpenLog, 'lock'>> {
  const { place, settings, mirror } = parts;
  // One that was never used is made anew, and keeps its name: of two disks one may keep the old manifest, though it was told otherwise.
  const known = mirror?.logId.some((byte) => byte > 0) ? mirror.logId : undefined;
  const manifest = await ManifestFile.create(place, {
    logId: (known ?? settings.randomBytes(16)).slice(),
    createdAtMs: settings.now(),
    copies: mirror === undefined ? 1 : 2,
  });
  mirror?.identify(manifest.current.logId);
  const { floor } = manifest.current;
  const context = { ...parts, manifest };
  const writer = new SegmentWriter(context, {
    chain: [],
    point: logStart,
    nextLsn: floor.lsn,
    highestNumber: 0,
  });
  const report: RecoveryReport = {
    tail: 'created',
    row: 'created',
    firstLsn: floor.lsn,
    nextLsn: floor.lsn,
    segments: 0,
    movedRecords: 0,
    discardedBytes: 0,
    quarantined: [],
    mended: [],
    warnings,
  };
  return { context, writer, report };
}
