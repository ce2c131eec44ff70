import { WalError } from '../errors.ts';
import { equalBytes, parseSegmentName } from '../format.ts';
import { type Manifest, manifestName, readManifest } from '../manifest.ts';
import type { Settings } from '../options.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { ensureLogDirectory } from '../recovery/directory.ts';
import { parseCursorFileName } from '../retention/cursor-slot.ts';
import { removeIfThere } from '../storage/storage-calls.ts';
import { StorageError, type StorageLock } from '../storage.ts';
import { behindName, removeBehind, writeBehind } from './behind.ts';
import { nameOf } from './copy.ts';
import { MirrorStorage } from './mirror-storage.ts';
import { rebuildCopy } from './rebuild.ts';

/** Where a log is written from now on: its lock is held. */
export interface OpenCopies {
  readonly place: LogPlace;
  readonly lock: StorageLock;
  /** There are two copies, both with all that the log has, but for single damages. */
  readonly mirror: MirrorStorage | undefined;
  readonly warnings: readonly string[];
}

/** One copy as it is found. */
interface Copy {
  readonly place: LogPlace;
  readonly lock: StorageLock;
  /** undefined: it has no manifest. */
  readonly manifest: Manifest | undefined;
  /** Nothing was ever in it: such a log is made anew when it is opened, as another one. */
  readonly isNew: boolean;
  readonly hasManifestFile: boolean;
  readonly names: readonly string[];
  /** It says that the other copy misses something. */
  readonly saysBehind: boolean;
}

/** Locks one place. */
export async function openOneCopy(place: LogPlace): Promise<OpenCopies> {
  await ensureLogDirectory(place);
  const lock = await place.storage.lock(place.directory);
  return { place, lock, mirror: undefined, warnings: [] };
}

/** Locks two places and makes one storage of them, or, with `failover`, goes on with the one that can be reached. */
export async function openBothCopies(
  places: readonly [LogPlace, LogPlace],
  settings: Settings,
): Promise<OpenCopies> {
  const found: (Copy | { readonly error: unknown })[] = [];
  try {
    for (const place of places) found.push(await survey(place).catch((error: unknown) => ({ error })));
    const [first, second] = found;
    if (first !== undefined && second !== undefined) {
      if ('place' in first && 'place' in second) return await joinCopies(first, second, settings);
      if ('place' in first && 'error' in second)
        return await goOnAlone(first, places[1], second.error, settings);
      if ('place' in second && 'error' in first)
        return await goOnAlone(second, places[0], first.error, settings);
      if ('error' in first) throw first.error;
    }
    throw new Error('a mirrored log has two places');
  } catch (error) {
    for (const copy of found) if ('lock' in copy) await copy.lock.release();
    throw error;
  }
}

async function survey(place: LogPlace): Promise<Copy> {
  await ensureLogDirectory(place);
  const lock = await place.storage.lock(place.directory);
  try {
    const names = await place.storage.list(place.directory);
    const hasManifestFile = names.includes(manifestName);
    const manifest = hasManifestFile ? await readManifest(place) : undefined;
    const hasSegments = names.some((name) => parseSegmentName(name) !== undefined);
    return {
      place,
      lock,
      hasManifestFile,
      names,
      manifest,
      isNew: !hasSegments && (manifest?.published.number ?? 0) === 0,
      saysBehind: names.includes(behindName),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function joinCopies(first: Copy, second: Copy, settings: Settings): Promise<OpenCopies> {
  const copies = [first, second] as const;
  const warnings: string[] = [];
  const whole = wholeCopy(first, second);
  if (whole !== undefined) {
    const other = whole === first ? second : first;
    try {
      if (!haveSameLog(first, second)) await removeManifest(other.place);
      await rebuildCopy(whole.place, other.place);
    } catch (error) {
      const alone = await goOnAlone(whole, other.place, error, settings);
      await other.lock.release();
      return alone;
    }
    if (whole.saysBehind) await removeBehind(whole.place);
    warnings.push(
      `the copy in ${nameOf(other.place)} was behind, and was made anew from ${nameOf(whole.place)}`,
    );
  }
  // Such a log is made anew: recovery finds nothing in it to mend.
  if (whole === undefined && first.isNew && second.isNew) {
    await removeLoneCursors(first, second);
    if (wasNeverMade(first, second)) for (const { place } of copies) await removeManifest(place);
  }
  const shared = await sharedDevice(first.place, second.place);
  if (shared !== undefined) warnings.push(shared);
  const mirror = new MirrorStorage([first.place, second.place], settings);
  const logId = whole?.manifest?.logId ?? first.manifest?.logId ?? second.manifest?.logId;
  if (logId !== undefined) mirror.identify(logId);
  const release = async () => {
    await Promise.all(copies.map(({ lock }) => lock.release()));
  };
  return { place: { storage: mirror, directory: '' }, lock: { release }, mirror, warnings };
}

/** The copy that the other one is made anew from; undefined if both count. */
function wholeCopy(first: Copy, second: Copy): Copy | undefined {
  const both = `${nameOf(first.place)} and ${nameOf(second.place)}`;
  const isOneLog = haveSameLog(first, second);
  if (!isOneLog && !first.isNew && !second.isNew)
    throw new WalError(
      'invalid',
      `${both} hold two different logs: name the right mirror, or an empty directory`,
    );
  if (first.saysBehind && second.saysBehind)
    throw new WalError(
      'corrupt',
      `of ${both} each says that the other is behind: remove ${behindName} from the one that is to be made anew`,
    );
  if (first.saysBehind || second.saysBehind) {
    const whole = first.saysBehind ? first : second;
    if (whole.manifest !== undefined) return whole;
    throw new WalError(
      'corrupt',
      `${nameOf(whole.place)} says that the other copy is behind, and has no valid manifest: restore it from a backup`,
    );
  }
  if (!isOneLog) {
    // Two logs in which nothing ever was: a new one is made in their place.
    if (first.isNew && second.isNew) return undefined;
    return first.isNew ? second : first;
  }
  // Both slots of a manifest's file may be damaged; then the other copy has them, and the rest still counts.
  if (!first.hasManifestFile && second.manifest !== undefined) return second;
  if (!second.hasManifestFile && first.manifest !== undefined) return first;
  if (first.manifest?.copies === 2 || second.manifest?.copies === 2) return undefined;
  // Until it says that it has a mirror, the log may have been written without one.
  const [one, other] = [first.manifest?.generation ?? 0, second.manifest?.generation ?? 0];
  if (one === other) return undefined;
  return one > other ? first : second;
}

function haveSameLog(first: Copy, second: Copy): boolean {
  if (first.manifest === undefined || second.manifest === undefined) return true;
  return equalBytes(first.manifest.logId, second.manifest.logId);
}

/**
 * A crash while the log was made, with a disk that lost the manifest's bytes: one copy has no manifest yet, and the other none that is
 * valid. Both would have one before anything was promised.
 */
function wasNeverMade(first: Copy, second: Copy): boolean {
  const isMissing = !first.hasManifestFile || !second.hasManifestFile;
  return isMissing && first.manifest === undefined && second.manifest === undefined;
}

/** A crash while a cursor was made, or removed, leaves it in one copy alone. */
async function removeLoneCursors(first: Copy, second: Copy): Promise<void> {
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const)
    for (const name of one.names)
      if (parseCursorFileName(name) !== undefined && !other.names.includes(name))
        await removeIfThere(one.place.storage, pathOf(one.place, name));
}

/** Of a log in which nothing was ever: a crash must not leave it among segments of this one. */
async function removeManifest(place: LogPlace): Promise<void> {
  await removeIfThere(place.storage, pathOf(place, manifestName));
  await place.storage.syncDirectory(place.directory);
}

async function sharedDevice(first: LogPlace, second: LogPlace): Promise<string | undefined> {
  const [one, other] = await Promise.all(
    [first, second].map(({ storage, directory }) => storage.deviceOf?.(directory)),
  );
  if (one === undefined || one !== other) return undefined;
  return `${nameOf(first)} and ${nameOf(second)} are on one device: what breaks it takes both copies`;
}

async function goOnAlone(
  copy: Copy,
  missing: LogPlace,
  error: unknown,
  settings: Settings,
): Promise<OpenCopies> {
  const isUnreachable = error instanceof StorageError && error.code !== 'locked';
  // Without a manifest nobody can tell a new log from a new disk.
  if (!isUnreachable || !settings.failover || copy.manifest === undefined) throw error;
  await writeBehind(copy.place, copy.manifest.logId, settings.now());
  const warning = `the copy in ${nameOf(missing)} cannot be used, and is behind from now on: ${error.message}`;
  return { place: copy.place, lock: copy.lock, mirror: undefined, warnings: [warning] };
}

/**
 * Lets a log be written that was opened with one place: one that has a mirror only if that was asked for, and then says so before
 * anything is written. Answers what to warn of.
 */
export async function admitOneCopy(
  place: LogPlace,
  { copies, logId }: Manifest,
  settings: Settings,
): Promise<string[]> {
  if (copies === 1) return [];
  if (settings.mirror !== 'missing')
    throw new WalError(
      'invalid',
      `the log in ${nameOf(place)} has a mirror: give it as option mirror, or 'missing' to go on without it until it can be made anew`,
    );
  await writeBehind(place, logId, settings.now());
  return ['the log was opened without its mirror, which is behind from now on'];
}
