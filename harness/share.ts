import { createHash } from 'node:crypto';
import type { Share } from './exploration.ts';

/**
 * Which crash images one lane (or shard) judges of a run that all of them walk. Images with different promises are
 * different images, so a lane that takes all states of some promises need not even build the others. Where there are
 * too few promises to go round, all build all images and share them out by content. Either way each image is judged by
 * exactly one, whatever their number.
 */
export interface ShareOfRun {
  /** `promised`: how many acknowledgements came before the crash. */
  readonly takesPromises: (promised: number) => boolean;
  readonly takesImage: (key: string) => boolean;
}

/** `promises`: how many acknowledgements the whole run has. */
export function shareOf({ index, count }: Share, promises: number): ShareOfRun {
  const all = () => true;
  if (count === 1) return { takesPromises: all, takesImage: all };
  if (promises + 1 >= promisesPerLaneMin * count) {
    return { takesPromises: (promised) => promised % count === index, takesImage: all };
  }
  return { takesPromises: all, takesImage: (key) => numberOf(key) % count === index };
}

/** With fewer, some lanes would have much more to do than others. */
const promisesPerLaneMin = 4;

function numberOf(key: string): number {
  return createHash('sha1').update(key).digest().readUInt32LE(0);
}
