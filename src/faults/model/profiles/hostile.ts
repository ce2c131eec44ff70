import { posixPermits, unorderedRules } from './posix.ts';
import type { Profile } from './type.ts';

export const hostile: Profile = {
  name: 'hostile',
  summary:
    'the weakest that the standard permits: as posix, and a rename is not atomic, lost data may show garbage',
  fillers: { whole: ['old', 'garbage'], torn: ['old', 'garbage', 'garbage-overwrites'] },
  permits: posixPermits,
  rules: () => unorderedRules(false),
};
