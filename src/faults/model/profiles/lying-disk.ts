import { posixPermits, unorderedRules } from './posix.ts';
import type { Profile } from './type.ts';

/** As posix, on a disk whose barriers persist nothing from the first on. */
export const lyingDisk: Profile = {
  name: 'lying-disk',
  summary: 'as posix, with barriers that answer 0 and persist nothing',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: { ...posixPermits, lost: posixPermits['lying-barrier'] },
  rules: () => ({ ...unorderedRules(true), barrierWorks: () => false }),
};
