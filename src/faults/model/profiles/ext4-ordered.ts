import { journalRules } from './journal.ts';
import { posixPermits } from './posix.ts';
import type { Departure, Profile, Rule } from './type.ts';

const documentation =
  'Linux kernel, Documentation/admin-guide/ext4.rst and Documentation/filesystems/ext4/journal.rst';

/** What a journal of metadata permits; `system` names the file system. */
export function journalPermits(system: string, source: string): Readonly<Record<Departure, Rule>> {
  return {
    ...posixPermits,
    lost: {
      rule: `${system}: uncommitted transactions are lost`,
      text: 'Metadata persists as a prefix in program order; what came after the last committed transaction may be missing.',
      source,
    },
    reordered: {
      rule: `${system}: data is not ordered with later metadata`,
      text: 'Data and the growth of a file are written back later (delayed allocation): younger metadata, and data of other files, may be there first.',
      source,
    },
    name: {
      rule: `${system}: a name is metadata`,
      text: 'The name is in the journal, and no barrier committed the transaction that holds it.',
      source,
    },
  };
}

export const ext4Ordered: Profile = {
  name: 'ext4-ordered',
  summary: 'ext4 with data=ordered and delayed allocation, as distributions mount it',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: {
    ...journalPermits('ext4', documentation),
    'size-ahead': {
      rule: 'ext4: the size does not wait for the data',
      text: 'An append inside an allocated block sets the size at once, and unwritten blocks may be committed before their data: zeros show.',
      source: 'Linux kernel, fs/ext4/inode.c: ext4_da_do_write_end, ext4_map_blocks (dioread_nolock)',
    },
  },
  rules: () => journalRules({ autoDaAlloc: true, sizeAfterData: false }),
};
