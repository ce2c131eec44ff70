import type { OrderRules } from '../order.ts';
import type { InodeNumber } from '../tree.ts';
import { journalPermits } from './ext4-ordered.ts';
import { inodesOf } from './journal.ts';
import type { Profile } from './type.ts';

/** Data goes through the journal as well: a crash leaves a prefix of all effects in program order. */
function allInOrder(): OrderRules {
  /** Volume to a junction after each operation so far. */
  const junctions = new Map<string, number>();
  const newest = new Map<InodeNumber, number>();
  return {
    arrange(builder, effects, operation) {
      const [first] = effects;
      if (first === undefined) return;
      const { volume, entry } = first;
      const before = junctions.get(volume);
      const follows = before === undefined ? [] : [before];
      const data = effects.filter((effect) => effect.kind === 'data');
      const rest = effects.filter((effect) => effect.kind !== 'data');
      const dataAtoms = data.length > 0 ? builder.data(data, follows) : [];
      const restAtoms = rest.length > 0 ? [builder.atom(rest, [...follows, ...dataAtoms])] : [];
      const after = builder.junction([...dataAtoms, ...restAtoms], entry, volume);
      junctions.set(volume, after);
      for (const inode of inodesOf(operation)) newest.set(inode, after);
    },
    alsoCovers: (_builder, { operation }) => {
      const last = newest.get(operation.inode);
      return last === undefined ? [] : [last];
    },
  };
}

export const ext4DataJournal: Profile = {
  name: 'ext4-data-journal',
  summary: 'ext4 with data=journal: everything in program order',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: journalPermits('ext4 data=journal', 'Linux kernel, Documentation/admin-guide/ext4.rst, "data="'),
  rules: allInOrder,
};
