import type { ChainSegment } from '../chain.ts';
import { areSoundRecords } from '../codec/content-hash.ts';
import type { LogPoint } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { BatchCursor, type StopFault } from './batch-cursor.ts';

/** Where a segment that a successor covers stops being what the successor says. */
export interface SegmentDamage {
  readonly end: LogPoint;
  readonly nextLsn: number;
  readonly fault: StopFault | 'a record is damaged' | 'it is not what its successor continues';
}

/** Reads every batch and every record of a segment, and compares its end with what its successor says. `onRead`: told how far it came. */
export async function verifySegment(
  place: LogPlace,
  segment: ChainSegment,
  successor: ChainSegment | undefined,
  onRead: (bytes: number) => Promise<void> | void = () => undefined,
): Promise<SegmentDamage | undefined> {
  const { header, endBytes } = segment;
  const file = await place.storage.open(pathOf(place, header.identity.name), 'read');
  try {
    const cursor = new BatchCursor(file, header, endBytes);
    const here = (fault: SegmentDamage['fault'], chain = cursor.chain): SegmentDamage => {
      const { number, epoch } = header.identity;
      return { end: { number, epoch, endBytes: cursor.position, chain }, nextLsn: cursor.nextLsn, fault };
    };
    for (;;) {
      const before = here('a record is damaged');
      const batch = await cursor.next();
      if (batch === undefined) break;
      await onRead(batch.header.blocks * header.blockBytes);
      if (batch.header.kind === 'data' && !(await areSoundRecords(batch.body))) return before;
    }
    if (cursor.fault !== undefined) return here(cursor.fault);
    if (successor === undefined) return undefined;
    const { predecessor, baseLsn } = successor.header;
    const fits =
      cursor.position === predecessor.endBytes &&
      cursor.chain === predecessor.chain &&
      cursor.nextLsn === baseLsn;
    return fits ? undefined : here('it is not what its successor continues');
  } finally {
    await file.close();
  }
}
