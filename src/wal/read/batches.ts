import {
  type Batch,
  decodeBatchHeader,
  decodeIndex,
  faultOfBody,
  faultOfStored,
  type IndexEntry,
} from '../batch.ts';
import type { ChainSegment } from '../chain.ts';
import type { ContentHash } from '../codec/content-hash.ts';
import { asWalError, WalError } from '../errors.ts';
import { batchHeaderBytes, type SegmentHeader } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { hasSoundHashes } from '../record.ts';
import { StorageError, type StorageFile } from '../storage.ts';
import { BatchCursor, type BatchStart, readOrFail } from './batch-cursor.ts';

/** LSNs, both ends included. */
export interface LsnRange {
  readonly from: number;
  readonly to: number;
}

/** What of a log is read: all of it is durable. */
export interface LogView {
  readonly place: LogPlace;
  readonly chain: readonly ChainSegment[];
  /** The oldest record that is kept. */
  readonly firstLsn: number;
  /** Checks the content hashes that records have. */
  readonly contentHash?: ContentHash | undefined;
  /** Whether a segment is still part of the log: a file that is gone was let go of then, and is not damage. */
  readonly isKept?: (segment: ChainSegment) => boolean;
}

/** The data batches that hold records of a range. Rejects with `corrupt` at a position that does not hold what it must. */
export async function* readBatches(view: LogView, range: LsnRange): AsyncGenerator<Batch, void, undefined> {
  const { chain } = view;
  const { from, to } = range;
  const start = chain.findLastIndex(({ header }) => header.baseLsn <= from);
  for (let index = Math.max(0, start); index < chain.length; index++) {
    const segment = chain[index];
    if (segment === undefined || segment.header.baseLsn > to) return;
    const reading = await openSegment(view, segment);
    try {
      const cursor = await cursorAt(reading, from);
      for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
        const { firstLsn, recordCount, kind } = batch.header;
        if (firstLsn > to) return;
        if (kind !== 'data' || firstLsn + recordCount <= from) continue;
        checkHashes(view, reading.path, batch);
        yield batch;
        if (firstLsn + recordCount > to) return;
      }
      checkEnd(reading.path, cursor, chain[index + 1]?.header);
    } catch (error) {
      throw readingError(view, segment, error);
    } finally {
      await reading.file.close();
    }
  }
}

/** A segment whose file is open. */
export interface OpenSegment {
  readonly segment: ChainSegment;
  readonly path: string;
  readonly file: StorageFile;
}

export async function openSegment(view: LogView, segment: ChainSegment): Promise<OpenSegment> {
  const path = pathOf(view.place, segment.header.identity.name);
  try {
    return { segment, path, file: await view.place.storage.open(path, 'read') };
  } catch (error) {
    throw readingError(view, segment, error);
  }
}

/** What went wrong while a segment was read, in the log's words. */
export function readingError({ place, isKept }: LogView, segment: ChainSegment, error: unknown): unknown {
  const isGone = error instanceof StorageError && error.code === 'not-found' && isKept?.(segment) === false;
  if (!isGone) return asWalError(error, place);
  return truncated(`${pathOf(place, segment.header.identity.name)} was let go of while it was being read`);
}

/** At the first batch of a segment, or closer to record `from` if that is known. */
async function cursorAt({ file, segment }: OpenSegment, from: number): Promise<BatchCursor> {
  const { header, endBytes } = segment;
  const cursor = new BatchCursor(file, header, endBytes);
  const start = from > header.baseLsn ? await findStart(file, segment, from) : undefined;
  if (start !== undefined) cursor.skipTo(start);
  return cursor;
}

export function truncated(what: string): WalError {
  return new WalError('truncated', `${what}: the log was truncated. Read again from its first record`);
}

export function checkHashes({ contentHash }: LogView, path: string, { header, body }: Batch): void {
  if (contentHash === undefined || hasSoundHashes(body, contentHash)) return;
  throw corrupt(
    path,
    header.position,
    header.firstLsn,
    'a record is not the one that its content hash names',
  );
}

/** The batches that a segment's seal names, rising; undefined if it has no seal that can be read. */
export async function readIndex(
  file: StorageFile,
  { header, endBytes }: ChainSegment,
): Promise<IndexEntry[] | undefined> {
  const bytes = await readOrFail(file, endBytes - header.blockBytes, header.blockBytes);
  const seal = bytes && decodeBatchHeader(bytes, 0, header.identity);
  if (bytes === undefined || seal?.kind !== 'seal') return undefined;
  const body = bytes.subarray(batchHeaderBytes, batchHeaderBytes + seal.storedBytes);
  return (faultOfStored(seal, body) ?? faultOfBody(seal, body)) === undefined ? decodeIndex(body) : undefined;
}

/** With the chain that the batch there continues; undefined if there is none to be read. */
export async function startAt(
  file: StorageFile,
  { identity }: SegmentHeader,
  entry: IndexEntry,
): Promise<BatchStart | undefined> {
  const bytes = await readOrFail(file, entry.position, batchHeaderBytes);
  const batch = bytes && decodeBatchHeader(bytes, 0, identity);
  return batch && { ...entry, chain: batch.chain };
}

/** The last batch at or before an LSN that the segment's seal names; undefined if it has no seal that helps. */
export async function findStart(
  file: StorageFile,
  segment: ChainSegment,
  lsn: number,
): Promise<BatchStart | undefined> {
  const entries = await readIndex(file, segment);
  const entry = entries?.findLast(({ firstLsn }) => firstLsn <= lsn);
  return entry && startAt(file, segment.header, entry);
}

/** `next`: the header of the segment that goes on there, if there is one. */
export function checkEnd(path: string, cursor: BatchCursor, next: SegmentHeader | undefined): void {
  const { position, nextLsn, chain, fault } = cursor;
  const fits =
    next === undefined ||
    (position === next.predecessor.endBytes && chain === next.predecessor.chain && nextLsn === next.baseLsn);
  if (fault === undefined && fits) return;
  throw corrupt(path, position, nextLsn, fault ?? 'it is not what the next segment continues');
}

export function corrupt(path: string, position: number, lsn: number, fault: string): WalError {
  return new WalError(
    'corrupt',
    `${path} at byte ${position}, where record ${lsn} must be: ${fault}. Restore the file, or open the log with policy 'point-in-time' to end it there`,
  );
}
