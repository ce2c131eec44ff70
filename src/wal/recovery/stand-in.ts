import { logStart, type SegmentHeader, type SegmentIdentity } from '../format.ts';

/**
 * In place of a segment's header that is damaged: what is known from its name, its size and a neighbour. Batches are still
 * recognised for certain, since their CRCs are seeded with the identity; of what the header says of the log nothing is known.
 */
export function standInHeader(
  identity: SegmentIdentity,
  fileBytes: number,
  neighbour: SegmentHeader | undefined,
): SegmentHeader {
  return {
    identity,
    blockBytes: neighbour?.blockBytes ?? 4096,
    segmentBytes: fileBytes,
    batchBytesMax: Math.min(fileBytes, 2 ** 30),
    unsyncedBytesMax: fileBytes,
    codec: neighbour?.codec ?? 'none',
    baseLsn: 1,
    createdAtMs: 0,
    predecessor: logStart,
    durableBytes: 0,
    crc: 0,
  };
}
