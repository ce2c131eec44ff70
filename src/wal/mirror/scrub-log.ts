import { manifestName, slotBytes } from '../manifest.ts';
import type { Committer } from '../write/committer.ts';
import type { LogContext } from '../write/prepare.ts';
import type { SegmentWriter } from '../write/segment-writer.ts';
import { nameOf } from './copy.ts';
import type { ScrubLog } from './scrub.ts';

/** A log that is open for writing, as scrubbing sees it. */
export function scrubLogOf(
  { place, mirror, manifest, settings }: LogContext,
  writer: SegmentWriter,
  committer: Committer,
): ScrubLog {
  return {
    place,
    mirror,
    timers: settings.timers,
    chain: () => writer.durableChain.filter(({ endBytes }) => endBytes > 0),
    isActive: ({ header }) => writer.isActive(header),
    roll: () =>
      committer.cut(
        async () => undefined,
        () => writer.roll(),
      ),
    exclusively: (work) => committer.guard(work),
    async mendManifest() {
      const names = mirror === undefined ? [nameOf(place)] : mirror.live.map(nameOf);
      const damaged = await committer.guard(() => manifest.mend());
      return damaged.map(({ copy, offset }) => ({
        copy: names[copy] ?? '',
        file: manifestName,
        offset,
        length: slotBytes,
        fault: 'it is damaged',
      }));
    },
  };
}
