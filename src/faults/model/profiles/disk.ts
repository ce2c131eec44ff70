import { posixPermits, unorderedRules } from './posix.ts';
import type { Profile } from './type.ts';

const standards =
  'NVMe Base Specification, Flush; ATA command set, FLUSH CACHE; Linux kernel, Documentation/block/writeback_cache_control.rst';

/**
 * A disk with a volatile write cache, below a file system: its volumes are files whose bytes are the sectors, and which never grow. What no
 * flush covered may be missing, in any order; a request of several sectors may be there in part. No request names this profile: recordings
 * of disks have it.
 */
export const disk: Profile = {
  name: 'disk',
  summary: 'no order but flushes; any sectors of what was written since',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: {
    ...posixPermits,
    lost: {
      rule: 'nothing is durable before a flush',
      text: 'A disk answers a write when it is in its cache: what no flush covered may be missing after a power cut.',
      source: standards,
    },
    reordered: {
      rule: 'no order but flushes',
      text: 'A disk writes its cache back in any order: of two requests that no flush separates, the later one may be there without the earlier one.',
      source: standards,
    },
  },
  rules: () => ({ ...unorderedRules(true), requestsStandAlone: true }),
};

/** As {@link disk}, but a write is durable when it is answered: only the last one may be missing, or be there in part. */
export const diskWithoutCache: Profile = {
  ...disk,
  summary: 'what was answered is durable',
  permits: {
    ...disk.permits,
    lost: {
      rule: 'nothing is durable before it is answered',
      text: 'The request on its way when the power goes may be missing.',
      source: standards,
    },
  },
  rules: () => ({ ...disk.rules(), answeredIsDurable: true }),
};
