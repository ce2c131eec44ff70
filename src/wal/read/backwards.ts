import type { Batch, IndexEntry } from '../batch.ts';
import type { ChainSegment } from '../chain.ts';
import type { StorageFile } from '../storage.ts';
import { BatchCursor, type BatchStart } from './batch-cursor.ts';
import {
  checkEnd,
  checkHashes,
  corrupt,
  type LogView,
  type LsnRange,
  type OpenSegment,
  openSegment,
  readIndex,
  readingError,
  startAt,
} from './batches.ts';

/*
 * Batches can only be read forwards: where one begins is known from the one before. So a segment is read in spans, from the
 * last to the first, each forwards into memory and handed out backwards.
 */

const spanBytes = 256 * 1024;

/** As `readBatches`, the last batch first. */
export async function* readBatchesBackwards(
  view: LogView,
  range: LsnRange,
): AsyncGenerator<Batch, void, undefined> {
  const { chain } = view;
  for (let index = chain.length - 1; index >= 0; index--) {
    const segment = chain[index];
    if (segment === undefined || segment.header.baseLsn > range.to) continue;
    const reading = await openSegment(view, segment);
    try {
      yield* readSpans(view, reading, chain[index + 1], range);
    } catch (error) {
      throw readingError(view, segment, error);
    } finally {
      await reading.file.close();
    }
    if (segment.header.baseLsn <= range.from) return;
  }
}

async function* readSpans(
  view: LogView,
  { file, path, segment }: OpenSegment,
  successor: ChainSegment | undefined,
  { from, to }: LsnRange,
): AsyncGenerator<Batch, void, undefined> {
  const { header, endBytes } = segment;
  const entries = (await readIndex(file, segment)) ?? (await scanIndex(path, file, segment, to));
  /** Where the span that was read before begins: this one must end there. */
  let next: BatchStart | undefined;
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index];
    if (entry === undefined || (index > 0 && entry.firstLsn > to)) continue;
    const start = index === 0 ? segmentStart(segment) : await startAt(file, header, entry);
    // If it cannot be read there, the span before is read as far as this one goes.
    if (start === undefined) continue;
    const cursor = new BatchCursor(file, header, next?.position ?? endBytes);
    cursor.skipTo(start);
    const batches: Batch[] = [];
    let batch = await cursor.next();
    for (; batch !== undefined && batch.header.firstLsn <= to; batch = await cursor.next())
      batches.push(batch);
    if (batch === undefined) checkSpan(path, cursor, next, successor);
    for (const each of batches.reverse()) {
      const { kind, firstLsn, recordCount } = each.header;
      if (kind !== 'data' || firstLsn + recordCount <= from) continue;
      checkHashes(view, path, each);
      yield each;
    }
    if (start.firstLsn <= from) return;
    next = start;
  }
}

function segmentStart({ header }: ChainSegment): BatchStart {
  return { position: header.blockBytes, firstLsn: header.baseLsn, chain: header.crc };
}

/** Of a segment without a seal: the first batch, and one about every `spanBytes`, as far as `to`. */
async function scanIndex(
  path: string,
  file: StorageFile,
  segment: ChainSegment,
  to: number,
): Promise<IndexEntry[]> {
  const { position, firstLsn } = segmentStart(segment);
  const entries: IndexEntry[] = [{ position, firstLsn }];
  const cursor = new BatchCursor(file, segment.header, segment.endBytes);
  let last = position;
  for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
    const { header } = batch;
    if (header.firstLsn > to) return entries;
    if (header.position - last < spanBytes) continue;
    entries.push({ position: header.position, firstLsn: header.firstLsn });
    last = header.position;
  }
  checkEnd(path, cursor, undefined);
  return entries;
}

function checkSpan(
  path: string,
  cursor: BatchCursor,
  next: BatchStart | undefined,
  successor: ChainSegment | undefined,
): void {
  checkEnd(path, cursor, next === undefined ? successor?.header : undefined);
  if (next === undefined) return;
  const { position, nextLsn, chain } = cursor;
  if (position === next.position && nextLsn === next.firstLsn && chain === next.chain) return;
  throw corrupt(path, position, nextLsn, "it is not what the segment's index names");
}
