import type { Findings } from '../recovery/recover.ts';
import type { MendedRegion } from '../report.ts';
import { mendSegment, type SegmentPlan } from './mend-segment.ts';
import { mendSlotFiles } from './mend-slots.ts';
import type { MirrorStorage } from './mirror-storage.ts';

/**
 * Mends what recovery has read: manifest, cursors, every segment's header and size, all of the last segment that is proven
 * durable, files that one copy lacks. Unsure batches are not compared: they are moved. A scrub does the rest.
 */
export async function mendCopies(
  mirror: MirrorStorage,
  findings: Findings,
  names: readonly string[],
  segmentBytes: number,
): Promise<MendedRegion[]> {
  const mended = await mendSlotFiles(mirror, names);
  for (const plan of plansOf(findings, segmentBytes)) mended.push(...(await mendSegment(mirror, plan)));
  return mended;
}

function plansOf({ chain, tail, proven, row, spare }: Findings, spareBytes: number): SegmentPlan[] {
  const plans = chain.map(({ header }): SegmentPlan => {
    const { name, number } = header.identity;
    const isTail = tail?.header === header;
    const provenBytes = proven.point.number === number ? proven.point.endBytes : 0;
    return {
      name,
      fileBytes: header.segmentBytes,
      header,
      endBytes: isTail ? provenBytes : 0,
      zeroFrom: isTail && row.judgement === 'clean' ? provenBytes : undefined,
    };
  });
  if (spare !== undefined) {
    const { name } = spare.identity;
    plans.push({ name, fileBytes: spareBytes, header: undefined, endBytes: 0, zeroFrom: 0 });
  }
  return plans;
}
