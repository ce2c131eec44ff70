import { journalPermits } from './ext4-ordered.ts';
import { journalRules } from './journal.ts';
import type { Profile } from './type.ts';

export const xfs: Profile = {
  name: 'xfs',
  summary: 'xfs as distributions mount it: one metadata log, delayed allocation, no special case for rename',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: {
    ...journalPermits('xfs', 'Linux kernel, Documentation/filesystems/xfs/xfs-delayed-logging-design.rst'),
    'size-ahead': {
      rule: 'xfs: each write sets the size for itself',
      text: 'The size follows the data of the write that grew it; the data of earlier writes below it may still be missing, and reads as zeros.',
      source: 'Linux kernel, fs/xfs/xfs_aops.c: xfs_setfilesize',
    },
  },
  rules: () => journalRules({ autoDaAlloc: false, sizeAfterData: true }),
};
