import { journalPermits } from './ext4-ordered.ts';
import { journalRules } from './journal.ts';
import type { Profile } from './type.ts';

export const xfs: Profile = {
  name: 'xfs',
  summary: 'xfs as distributions mount it: one metadata log, delayed allocation, no special case for rename',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: journalPermits(
    'xfs',
    'Linux kernel, Documentation/filesystems/xfs/xfs-delayed-logging-design.rst',
  ),
  rules: () => journalRules({ autoDaAlloc: false, sizeAfterData: true }),
};
