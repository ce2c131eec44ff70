import type { Finding } from '../reports/verdict.ts';
import { permittingRules } from '../src/faults/model/explain.ts';
import type { Order } from '../src/faults/model/order.ts';
import { profileFor } from '../src/faults/model/profile.ts';
import type { Plan } from '../src/faults/plan.ts';
import type { Violation } from './exploration.ts';
import type { LiveFault } from './live-faults.ts';

type Rules = Finding['permittedBy'];

/** Why a disk may do what the violation shows: the fault itself, and what the profile lets go missing. */
export function rulesOf({ run, state, profile, origin, fault }: Violation, order: Order): Rules {
  if (state.rotten !== undefined) return [bitRotRule];
  if (state.unreadable !== undefined) return [badSectorRule];
  if (state.stale !== undefined) return [staleReadRule];
  if (state.stalled !== undefined) return [stallRule];
  const planned = plansOf(origin).some((rule) => rule.fault === fault);
  const injected = planned && fault in liveRules ? [liveRules[fault as keyof typeof liveRules]] : [];
  if (state.lost.length === 0) {
    if (injected.length > 0) return injected;
    return [fault === 'process-kill' ? pageCacheRule : anyMomentRule];
  }
  const legal = permittingRules(order, profileFor(run.recording, profile), state);
  if (origin.kind === 'mutant') return [leftOutRule, ...legal];
  return [...injected, ...legal];
}

function plansOf(origin: Violation['origin']): Plan {
  if (origin.kind === 'torture') return origin.life.flatMap(({ plan }) => plan);
  return origin.kind === 'workload' ? origin.plan : [];
}

const leftOutRule = {
  rule: 'a barrier was left out',
  text: 'The subject issued it; this is what its crash states are without. The disk is honest.',
  source: 'docs/mutation.md',
};

const anyMomentRule = {
  rule: 'what was written may be on disk at any moment',
  text: 'The kernel writes back by itself, and a crash may come between any two operations: here nothing of what came before it was lost.',
  source:
    'Linux kernel documentation, admin-guide/sysctl/vm (dirty_writeback_centisecs, dirty_expire_centisecs)',
};

const pageCacheRule = {
  rule: 'the page cache outlives the process',
  text: 'What a program has written is in the cache of the kernel: a kill takes the program, and nothing that it wrote. So this is no more than what the program itself had done by then.',
  source: 'Linux kernel documentation, admin-guide/mm/concepts (Page cache); signal(7), SIGKILL',
};

const corruptionStudy =
  'Bairavasundaram et al., FAST 2008 (An analysis of data corruption in the storage stack)';

const bitRotRule = {
  rule: 'bits rot',
  text: 'Data at rest may change: a disk may return another bit than was written, without an error.',
  source: corruptionStudy,
};

const badSectorRule = {
  rule: 'sectors go bad',
  text: 'A sector may become unreadable at rest; reading it fails until it is written again.',
  source: 'Bairavasundaram et al., SIGMETRICS 2007 (An analysis of latent sector errors in disk drives)',
};

const staleReadRule = {
  rule: 'a read may answer what was there before',
  text: 'A disk may answer a read with an earlier version of the data, whole and without an error: a write was lost for a time, or a cache was not told of it.',
  source: corruptionStudy,
};

const stallRule = {
  rule: 'a disk may take its time',
  text: 'An operation may be answered late: drives retry, remap and reset, and the queue waits for them.',
  source: 'Gunawi et al., FAST 2018 (Fail-slow at scale)',
};

/** A barrier that fails is told by the profile's own rules. */
const liveRules: Readonly<Record<Exclude<LiveFault, 'fsync-error'> | 'stale-read', Rules[number]>> = {
  'io-error': {
    rule: 'any operation may fail',
    text: 'The device answered an error; a write that failed may be there in part.',
    source: 'Linux manual pages write(2), fsync(2), rename(2): EIO',
  },
  'disk-full': {
    rule: 'space may run out',
    text: 'The volume was full: a write may be carried out in part before it fails.',
    source: 'Linux manual page write(2): ENOSPC, and a return value below count',
  },
  'lost-fsync': {
    rule: 'the disk lies',
    text: 'The barrier answered 0 and persisted nothing.',
    source: 'Disks with a volatile cache that ignore FLUSH',
  },
  'lost-write': {
    rule: 'a disk may drop a write',
    text: 'The write was answered and never reached the medium; later ones did.',
    source: corruptionStudy,
  },
  'misdirected-write': {
    rule: 'a write may land elsewhere',
    text: 'The write was answered and reached the medium at another place of the volume, over what was there.',
    source: corruptionStudy,
  },
  'stale-read': staleReadRule,
};
