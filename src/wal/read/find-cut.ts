import type { Batch } from '../batch.ts';
import type { ChainSegment } from '../chain.ts';
import { type LogPoint, viewOf } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { recordEnd } from '../record.ts';
import { BatchCursor } from './batch-cursor.ts';
import { corrupt, findStart } from './batches.ts';

/** Where a log is to end. */
export interface Cut {
  /** Behind the last batch that stays whole. */
  readonly point: LogPoint;
  /** LSN of the record behind that point. */
  readonly nextLsn: number;
  /** The records from there on that stay: of a batch that is cut in two. */
  readonly rest: readonly Batch[];
}

/** The place behind record `lsn`, which the chain holds, or behind none at all: all that is read is durable. */
export async function findCut(place: LogPlace, chain: readonly ChainSegment[], lsn: number): Promise<Cut> {
  const segment = chain.findLast(({ header }) => header.baseLsn <= lsn) ?? chain[0];
  if (segment === undefined) throw new RangeError('a log without segments has no record to end behind');
  const { header } = segment;
  // Salvage has lost what came before.
  if (header.baseLsn > lsn + 1) return { point: header.predecessor, nextLsn: lsn + 1, rest: [] };
  const { number, epoch, name } = header.identity;
  const path = pathOf(place, name);
  const file = await place.storage.open(path, 'read');
  try {
    const cursor = new BatchCursor(file, header, segment.endBytes);
    const start = await findStart(file, segment, lsn);
    if (start !== undefined) cursor.skipTo(start);
    for (;;) {
      const { position, nextLsn, chain: chainHere } = cursor;
      const cut = { point: { number, epoch, endBytes: position, chain: chainHere }, nextLsn };
      // All up to `lsn` is behind us; a clean end or a seal that follows belongs to what is cut off.
      if (nextLsn > lsn) return { ...cut, rest: [] };
      const batch = await cursor.next();
      if (batch === undefined) throw corrupt(path, position, nextLsn, cursor.fault ?? 'the segment ends');
      if (cursor.nextLsn > lsn + 1) return { ...cut, rest: [firstRecords(batch, lsn + 1 - nextLsn)] };
    }
  } finally {
    await file.close();
  }
}

function firstRecords({ header, body }: Batch, recordCount: number): Batch {
  const view = viewOf(body);
  let end = 0;
  for (let count = 0; count < recordCount; count++) end = recordEnd(view, end);
  return { header: { ...header, recordCount }, body: body.subarray(0, end) };
}
