import { logStart } from '../format.ts';
import { ManifestFile, manifestName } from '../manifest.ts';
import type { Settings } from '../options.ts';
import type { LogPlace } from '../place.ts';
import type { RecoveryReport } from '../report.ts';
import { StorageError, type StorageLock } from '../storage.ts';
import type { LogContext } from '../write/prepare.ts';
import { SegmentWriter } from '../write/segment-writer.ts';
import { examine } from './recover.ts';
import { resumeLog } from './resume.ts';

/** A log that was recovered and may be written: its lock is held. */
export interface OpenLog {
  readonly context: LogContext;
  readonly writer: SegmentWriter;
  readonly lock: StorageLock;
  readonly report: RecoveryReport;
}

/** Recovers a log, or makes one where there is none. Everything that it shows is durable (I6). */
export async function openLog(place: LogPlace, settings: Settings): Promise<OpenLog> {
  // A manifest that is there has a durable path: it was made after that was so.
  const isThere = (await namesIn(place)).includes(manifestName);
  if (!isThere) await ensureDirectory(place);
  const lock = await place.storage.lock(place.directory);
  try {
    const names = await place.storage.list(place.directory);
    const findings = await examine(place, names, settings);
    if (findings === undefined) return { ...(await createLog(place, settings)), lock };
    const { manifest } = findings;
    try {
      const context = { place, manifest, settings };
      return { context, ...(await resumeLog(context, findings)), lock };
    } catch (error) {
      await manifest.close();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function namesIn({ storage, directory }: LogPlace): Promise<string[]> {
  try {
    return await storage.list(directory);
  } catch (error) {
    if (error instanceof StorageError && error.code === 'not-found') return [];
    throw error;
  }
}

/** Makes the directory and its parents. B1: the parent of each is synced before anything is put into it. */
async function ensureDirectory({ storage, directory }: LogPlace): Promise<void> {
  if (directory === '') return;
  const parent = directory.slice(0, Math.max(0, directory.lastIndexOf('/')));
  let isNew = true;
  try {
    await storage.makeDirectory(directory);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    isNew = error.code !== 'exists';
    if (error.code === 'not-found') {
      await ensureDirectory({ storage, directory: parent });
      await storage.makeDirectory(directory);
    } else if (isNew) throw error;
  }
  try {
    await storage.syncDirectory(parent);
  } catch (error) {
    // The parent of a directory that was there may be closed to us; then its name is not ours to secure.
    if (isNew || !(error instanceof StorageError && error.code === 'unsupported')) throw error;
  }
}

async function createLog(place: LogPlace, settings: Settings): Promise<Omit<OpenLog, 'lock'>> {
  const manifest = await ManifestFile.create(place, {
    logId: settings.randomBytes(16).slice(),
    createdAtMs: settings.now(),
  });
  const { floor } = manifest.current;
  const context = { place, manifest, settings };
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
  };
  return { context, writer, report };
}
