import { decodeBatchHeader, decodeIndex, faultOfBody } from './batch.ts';
import { BatchCursor, type BatchStart, readOrFail } from './batch-cursor.ts';
import type { ChainSegment } from './chain.ts';
import { WalError } from './errors.ts';
import { batchHeaderBytes } from './format.ts';
import { type LogPlace, pathOf } from './inventory.ts';
import { decodeRecords, type LogRecord } from './record.ts';
import type { StorageFile } from './storage.ts';

/** LSNs, both ends included. */
export interface LsnRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The records of a range, in order. Every batch is verified as it is read. Throws `corrupt` at the first position that does
 * not hold what it must: all of `chain` is durable, so nothing can be missing there by rights.
 */
export async function* readRecords(
  place: LogPlace,
  chain: readonly ChainSegment[],
  range: LsnRange,
): AsyncGenerator<LogRecord, void, undefined> {
  const start = chain.findLastIndex(({ header }) => header.baseLsn <= range.from);
  for (let index = Math.max(0, start); index < chain.length; index++) {
    const segment = chain[index];
    if (segment === undefined || segment.header.baseLsn > range.to) return;
    yield* readSegment(place, segment, chain[index + 1], range);
  }
}

async function* readSegment(
  place: LogPlace,
  segment: ChainSegment,
  successor: ChainSegment | undefined,
  { from, to }: LsnRange,
): AsyncGenerator<LogRecord, void, undefined> {
  const path = pathOf(place, segment.header.identity.name);
  const file = await place.storage.open(path, 'read');
  try {
    const cursor = new BatchCursor(file, segment.header, segment.endBytes);
    const start = from > segment.header.baseLsn ? await findStart(file, segment, from) : undefined;
    if (start !== undefined) cursor.skipTo(start);
    for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
      const { firstLsn, recordCount, kind } = batch.header;
      if (firstLsn > to) return;
      if (kind !== 'data' || firstLsn + recordCount <= from) continue;
      for (const record of decodeRecords(batch.body, firstLsn)) {
        if (record.lsn >= from && record.lsn <= to) yield record;
      }
    }
    checkEnd(path, cursor, successor);
  } finally {
    await file.close();
  }
}

/** The last batch at or before an LSN that the segment's seal names; undefined if it has no seal that helps. */
async function findStart(
  file: StorageFile,
  { header, endBytes }: ChainSegment,
  lsn: number,
): Promise<BatchStart | undefined> {
  const sealBytes = await readOrFail(file, endBytes - header.blockBytes, header.blockBytes);
  const seal = sealBytes && decodeBatchHeader(sealBytes, 0, header.identity);
  if (sealBytes === undefined || seal?.kind !== 'seal') return undefined;
  const body = sealBytes.subarray(batchHeaderBytes, batchHeaderBytes + seal.bodyBytes);
  if (faultOfBody(seal, body) !== undefined) return undefined;
  const entry = decodeIndex(body).findLast(({ firstLsn }) => firstLsn <= lsn);
  if (entry === undefined) return undefined;
  const bytes = await readOrFail(file, entry.position, batchHeaderBytes);
  const batch = bytes && decodeBatchHeader(bytes, 0, header.identity);
  return batch && { ...entry, chain: batch.chain };
}

function checkEnd(path: string, cursor: BatchCursor, successor: ChainSegment | undefined): void {
  const { position, nextLsn, chain, fault } = cursor;
  const expected = successor?.header;
  const fits =
    expected === undefined ||
    (position === expected.predecessor.endBytes &&
      chain === expected.predecessor.chain &&
      nextLsn === expected.baseLsn);
  if (fault === undefined && fits) return;
  throw new WalError(
    'corrupt',
    `${path} at byte ${position}, where record ${nextLsn} must be: ${fault ?? 'it is not what the next segment continues'}. Restore the file, or open the log with policy 'point-in-time' to end it there`,
  );
}
