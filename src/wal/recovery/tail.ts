import type { Batch, IndexEntry } from '../batch.ts';
import type { LogPoint, SegmentHeader } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { BatchCursor, type StopFault } from '../read/batch-cursor.ts';
import { inspectRest, type SegmentRest } from './segment-rest.ts';

/** What the last segment of the chain holds. */
export interface Tail {
  readonly header: SegmentHeader;
  readonly fileBytes: number;
  /** Behind the last valid batch. */
  readonly end: LogPoint;
  readonly nextLsn: number;
  /** Why reading stopped there; undefined at a seal. */
  readonly fault: StopFault | undefined;
  readonly lastKind: Batch['header']['kind'] | undefined;
  /** How many bytes of the segment some valid header, or the manifest, promises to have been durable. */
  readonly promisedBytes: number;
  /** Up to here the log is proven durable, with the header of this segment; 0: not even that. */
  readonly provenBytes: number;
  /** The valid batches behind `provenBytes`. */
  readonly unsure: readonly Batch[];
  readonly index: readonly IndexEntry[];
  readonly rest: SegmentRest;
}

/** Reads the last segment. `tailBytes`: what the manifest says is durable in it, 0 if nothing. */
export async function readTail(place: LogPlace, header: SegmentHeader, tailBytes: number): Promise<Tail> {
  const file = await place.storage.open(pathOf(place, header.identity.name), 'read');
  try {
    const cursor = new BatchCursor(file, header);
    const index: IndexEntry[] = [];
    let unsure: Batch[] = [];
    let provenBytes = tailBytes;
    let lastKind: Tail['lastKind'];
    for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
      const { kind, firstLsn, position, durableBytes } = batch.header;
      if (kind === 'data') index.push({ firstLsn, position });
      lastKind = kind;
      provenBytes = Math.max(provenBytes, durableBytes);
      unsure.push(batch);
      if ((unsure[0]?.header.position ?? 0) < provenBytes) unsure = behind(unsure, provenBytes);
    }
    const rest = await inspectRest(file, header.identity, cursor.position);
    const { number, epoch } = header.identity;
    return {
      header,
      fileBytes: await file.size(),
      end: { number, epoch, endBytes: cursor.position, chain: cursor.chain },
      nextLsn: cursor.nextLsn,
      fault: cursor.fault,
      lastKind,
      promisedBytes: Math.max(provenBytes, header.durableBytes, rest.promisedBytes),
      provenBytes,
      unsure,
      index,
      rest,
    };
  } finally {
    await file.close();
  }
}

function behind(batches: readonly Batch[], bytes: number): Batch[] {
  return batches.filter(({ header }) => header.position >= bytes);
}

/** The last point that is proven durable, and the LSN that follows it: what a new segment is linked to. */
export function provenPoint(tail: Tail): { readonly point: LogPoint; readonly nextLsn: number } {
  if (tail.provenBytes === 0) return { point: tail.header.predecessor, nextLsn: tail.header.baseLsn };
  const first = tail.unsure[0]?.header;
  if (first === undefined) return { point: tail.end, nextLsn: tail.nextLsn };
  const point = { ...tail.end, endBytes: first.position, chain: first.chain };
  return { point, nextLsn: first.firstLsn };
}
