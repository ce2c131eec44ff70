import type { Effect } from '../effects.ts';
import type { Operation } from '../operation.ts';
import type { OrderBuilder, OrderRules } from '../order.ts';
import { renameAtoms } from './rename.ts';
import type { Departure, Profile, Rule } from './type.ts';

const standard = 'IEEE Std 1003.1 (POSIX), fsync, fdatasync, rename';

/** The rules that a portable program may rely on, and no more. Other profiles cite these where they add nothing. */
export const posixPermits: Readonly<Record<Departure, Rule>> = {
  lost: {
    rule: 'nothing is durable before a barrier',
    text: 'What no fsync, fdatasync or O_SYNC write covered may be missing after a power cut.',
    source: standard,
  },
  reordered: {
    rule: 'no order but barriers',
    text: 'Effects that no barrier separates may reach the disk in any order: a later one may be there without an earlier one.',
    source: `${standard}; Pillai et al., OSDI 2014 (ALICE)`,
  },
  name: {
    rule: 'a name belongs to its directory',
    text: 'fsync of a file does not cover its name: only fsync of the directory does.',
    source: 'Linux manual page fsync(2), Notes',
  },
  'size-ahead': {
    rule: 'size and data are independent',
    text: 'A file may have its new size before its new data: the gap reads as zeros.',
    source: 'Pillai et al., OSDI 2014 (ALICE)',
  },
  torn: {
    rule: 'a write may tear',
    text: 'A disk writes whole sectors; of a write of several sectors any subset may be there.',
    source: 'NVMe and ATA command sets: atomicity is promised for one logical block',
  },
  garbage: {
    rule: 'stale bytes may show',
    text: 'Where data was not written yet, old content of the disk may show.',
    source: 'POSIX promises nothing about unwritten data; Pillai et al., OSDI 2014 (ALICE)',
  },
  'unsafe-overwrite': {
    rule: 'no powersafe overwrite',
    text: 'A unit that is being overwritten when the power goes may hold garbage, what lay beside the new bytes included.',
    source: 'SQLite documentation, "Powersafe Overwrite"; NVMe Base Specification, AWUPF',
  },
  'split-rename': {
    rule: 'rename is atomic only while running',
    text: 'After a crash a rename may be there in part: both names where they are in two directories, since each belongs to its own; on the weakest disks neither.',
    source: 'Pillai et al., OSDI 2014 (ALICE), default model; Linux manual page fsync(2), Notes',
  },
  'failed-barrier': {
    rule: 'a failed fsync cannot be retried',
    text: 'After a failed fsync the pages count as clean: a second fsync answers 0 and writes nothing.',
    source: 'Rebello et al., USENIX ATC 2020 (Can applications recover from fsync failures?)',
  },
  'lying-barrier': {
    rule: 'the disk lies',
    text: 'The barrier answered 0 and persisted nothing.',
    source: 'Disks with a volatile cache that ignore FLUSH',
  },
};

/** No order but barriers. `renameAtomic`: the old or the new name is there, never neither, and both only after a rename to another directory. */
export function unorderedRules(renameAtomic: boolean): OrderRules {
  return {
    arrange(builder: OrderBuilder, effects: readonly Effect[], operation: Operation) {
      const data = effects.filter((effect) => effect.kind === 'data');
      const rest = effects.filter((effect) => effect.kind !== 'data');
      if (data.length > 0) builder.data(data);
      if (operation.kind === 'rename' && renameAtomic) renameAtoms(builder, rest, operation);
      else for (const effect of rest) builder.atom([effect]);
    },
  };
}

export const posix: Profile = {
  name: 'posix',
  summary:
    'no order but barriers; a rename is atomic within its directory but not ordered with anything; size and data are independent',
  fillers: { whole: ['old'], torn: ['old'] },
  permits: posixPermits,
  rules: () => unorderedRules(true),
};
