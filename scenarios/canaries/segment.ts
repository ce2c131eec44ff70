import { setTimeout as sleep } from 'node:timers/promises';
import type { Storage, StorageFile } from '../../src/wal/storage.ts';
import { LogError } from './error.ts';
import {
  blockBytes,
  decodeHeader,
  decodeSegment,
  encodeHeader,
  encodeRecord,
  type LogRecord,
  nextBlock,
  type SegmentContent,
  type SegmentHeader,
} from './format.ts';
import type { Planted } from './variants.ts';

/** Where a log lives: a directory of a storage, '' for its root. */
export interface LogPlace {
  readonly storage: Storage;
  readonly directory: string;
}

/** A segment that accepts records. */
export interface ActiveSegment {
  readonly header: SegmentHeader;
  readonly file: StorageFile;
  /** Where the next record goes. */
  tail: number;
  /** Something was written since the last sync. */
  unsynced: boolean;
}

/** While a segment is being made. */
export const unfinishedSuffix = '.new';

export function segmentPath(place: LogPlace, number: number, suffix = '.log'): string {
  return pathIn(place, number.toString().padStart(8, '0') + suffix);
}

export function pathIn({ directory }: LogPlace, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** The numbers of the segments among the names of a directory, ascending. */
export function segmentNumbers(names: readonly string[]): number[] {
  return names.filter((name) => /^\d{8}\.log$/.test(name)).map((name) => Number(name.slice(0, 8)));
}

/**
 * Makes a segment that starts with the items of `records`, and answers it ready for more. When this answers, its name and
 * all that is in it are durable: before, it has another name, so that a segment is never seen without its header.
 */
export async function createSegment(
  place: LogPlace,
  header: SegmentHeader,
  records: readonly LogRecord[],
  planted: Planted,
  beforeRename: () => Promise<void> = async () => {},
): Promise<ActiveSegment> {
  const { storage, directory } = place;
  const unfinished = segmentPath(place, header.number, unfinishedSuffix);
  const file = await storage.open(unfinished, 'create');
  try {
    const end = await writeSegment(file, header, records);
    if (!planted('rename-before-fsync')) await file.sync();
    await beforeRename();
    await storage.rename(unfinished, segmentPath(place, header.number));
    if (!planted('no-directory-fsync')) await storage.syncDirectory(directory);
    return { header, file, tail: nextBlock(end), unsynced: false };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Answers where it ends. */
async function writeSegment(
  file: StorageFile,
  header: SegmentHeader,
  records: readonly LogRecord[],
): Promise<number> {
  await file.write([encodeHeader(header)], 0);
  let end = blockBytes;
  let first = header.base;
  for (const { items } of records) {
    const bytes = encodeRecord({ segment: header.number, place: end, first, promise: header.base, items });
    await file.write([bytes], end);
    end += bytes.length;
    first += items.length;
  }
  return end;
}

/** Rejects with `corrupt` where the header is not valid: a segment got its name only when its header was on disk. */
export async function readSegment(
  place: LogPlace,
  number: number,
  planted: Planted,
): Promise<SegmentHeader & SegmentContent> {
  const path = segmentPath(place, number);
  const file = await place.storage.open(path, 'read');
  try {
    const bytes = await readAll(file, planted);
    const header = decodeHeader(bytes);
    if (header?.number !== number) throw new LogError('corrupt', `${path}: its header is damaged`);
    return { ...header, ...decodeSegment(bytes, header, planted) };
  } finally {
    await file.close();
  }
}

async function readAll(file: StorageFile, planted: Planted): Promise<Buffer> {
  const bytes = Buffer.alloc(await file.size());
  if (planted('ignores-read-error')) return bytes.subarray(0, await readUntilError(file, bytes));
  const read = () => file.read(bytes, 0);
  await (planted('hangs-on-stall') ? withPatience(read) : read());
  return bytes;
}

/** A planted bug: what follows the first bytes that cannot be read is taken not to be there. */
async function readUntilError(file: StorageFile, bytes: Buffer): Promise<number> {
  for (let at = 0; at < bytes.length; at += 512) {
    const read = await file.read(bytes.subarray(at, at + 512), at).catch(() => 0);
    if (read === 0) return at;
  }
  return bytes.length;
}

const patienceMs = 250;

/** A planted bug: who has given up waiting is never told that the answer came. */
async function withPatience(read: () => Promise<unknown>): Promise<void> {
  let isWaiting = true;
  const timer = setTimeout(() => {
    isWaiting = false;
  }, patienceMs);
  await read();
  // A read that blocks the thread lets no timer fire: it is due now, before this one.
  await sleep(0);
  clearTimeout(timer);
  if (!isWaiting) await new Promise<never>(() => {});
}
