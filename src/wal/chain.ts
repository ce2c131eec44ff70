import type { LogPoint, SegmentHeader } from './format.ts';

/** A segment that is part of the log, and where its part ends. */
export interface ChainSegment {
  readonly header: SegmentHeader;
  /** What lies behind is superseded, or was never acknowledged. */
  readonly endBytes: number;
}

/**
 * The segments from the floor upwards, each the successor of the one before: at each step the highest number that names
 * the current one as its predecessor, since a higher one supersedes a lower one.
 */
export function followChain(headers: readonly SegmentHeader[], floorNumber: number): ChainSegment[] {
  const isFirst = (header: SegmentHeader) =>
    header.identity.number >= floorNumber && header.predecessor.number < floorNumber;
  const rising = headers.toSorted((left, right) => left.identity.number - right.identity.number);
  // The highest number is the last, and stays.
  const successors = new Map(rising.map((header) => [keyOf(header.predecessor), header]));
  const chain: ChainSegment[] = [];
  let current = rising.findLast(isFirst);
  while (current !== undefined) {
    const { identity, segmentBytes } = current;
    const next = successors.get(keyOf(identity));
    chain.push({ header: current, endBytes: next?.predecessor.endBytes ?? segmentBytes });
    current = next;
  }
  return chain;
}

function keyOf({ number, epoch }: { readonly number: number; readonly epoch: number }): string {
  return `${number} ${epoch}`;
}

/** The chain with a new segment at its end: what lies behind the new one's predecessor point is superseded. */
export function extendChain(chain: readonly ChainSegment[], header: SegmentHeader): ChainSegment[] {
  const { predecessor } = header;
  return [...cutChain(chain, predecessor), { header, endBytes: header.segmentBytes }];
}

/** The chain up to a point. */
export function cutChain(chain: readonly ChainSegment[], point: LogPoint): ChainSegment[] {
  return chain
    .filter(({ header }) => header.identity.number <= point.number)
    .map((segment) =>
      segment.header.identity.number === point.number ? { ...segment, endBytes: point.endBytes } : segment,
    );
}
