import { promiseName } from '../src/faults/dm/promises.ts';
import type { Operation } from '../src/faults/model/operation.ts';
import type { Recording } from '../src/faults/model/recording.ts';
import type { Plan, PlannedFault, PlanRule, RuleState } from '../src/faults/plan.ts';
import { spread } from './spread.ts';

/** Faults that befall a subject at work. */
export const liveFaults = [
  'fsync-error',
  'io-error',
  'disk-full',
  'lost-fsync',
  'lost-write',
  'misdirected-write',
] as const;
export type LiveFault = (typeof liveFaults)[number];

export function isLive(fault: string): fault is LiveFault {
  return liveFaults.some((live) => live === fault);
}

/** How many times a workload is run again for one fault and profile. */
const liveRunsMax = 16;

/**
 * The plans under which a workload is run again, one for each operation that the fault can befall, evenly spread where
 * there are many. Of several volumes one is struck at a time: whoever keeps two copies relies on that.
 */
export function plansFor(fault: LiveFault, { base, trace }: Recording, failure: FsyncFailure): Plan[] {
  const volumes = [...base.roots.keys()];
  const each = Math.max(1, Math.floor(liveRunsMax / volumes.length));
  return volumes.flatMap((volume) => {
    const where = volumes.length === 1 ? {} : { volume };
    const kinds = trace.flatMap((entry) =>
      entry.kind === 'operation' && entry.volume === volume ? [entry.operation.kind] : [],
    );
    return spread(ordinalsOf(fault, kinds), each).map((ordinal) => [
      { ...where, ...strike(fault, ordinal, failure) },
    ]);
  });
}

/**
 * As {@link plansFor}, where the layer counts no requests (docs/dm.md): from a promise on each one is befallen. None from the last promise
 * on: nothing may come after it.
 */
export function plansFromPromises(fault: LiveFault, { trace }: Recording): Plan[] {
  const promises = trace.filter(({ kind }) => kind === 'acknowledgement');
  const operation = fault === 'lost-write' ? 'write' : 'any';
  const names = promises.slice(0, -1).map((_, index) => promiseName(index + 1));
  return spread(names, liveRunsMax).map((after) => [{ operation, after, fault } as PlanRule]);
}

function strike(fault: LiveFault, ordinal: number, failure: FsyncFailure): PlanRule {
  switch (fault) {
    case 'fsync-error':
      return { operation: 'sync', nth: ordinal, fault, ...failure };
    case 'io-error':
      return { operation: 'any', nth: ordinal, fault, part: 0.5 };
    case 'disk-full':
      return { operation: 'any', from: ordinal, fault, part: 0.5 };
    case 'lost-fsync':
      return { operation: 'sync', from: ordinal, fault };
    case 'lost-write':
    case 'misdirected-write':
      return { operation: 'write', nth: ordinal, fault };
  }
}

/** The places, from 1, of the operations that the fault can befall, counted as its rule counts them. */
function ordinalsOf(fault: LiveFault, kinds: readonly Operation['kind'][]): number[] {
  switch (fault) {
    case 'io-error':
      return kinds.flatMap((kind, index) => (kind === 'close' ? [] : [index + 1]));
    case 'disk-full':
      return kinds.flatMap((kind, index) => (spaceTakers.includes(kind) ? [index + 1] : []));
    default: {
      const wanted = fault === 'fsync-error' || fault === 'lost-fsync' ? 'sync' : 'write';
      return kinds.filter((kind) => kind === wanted).map((_, index) => index + 1);
    }
  }
}

const spaceTakers: readonly Operation['kind'][] = ['create', 'link', 'rename', 'write', 'allocate'];

/** What becomes of a barrier that fails: docs/fault-model.md, section 5. */
type FsyncFailure = Pick<PlannedFault<'fsync-error'>, 'as'>;

/**
 * btrfs shows the old content after a failed fsync; the others keep the new. That ext4-data-journal tells of it at the next fsync alone
 * leaves most programs no way to keep a promise: it does so where that is asked for.
 */
export function failureOn(profile: string, fsyncError?: 'as-profile'): FsyncFailure {
  if (profile === 'btrfs') return { as: 'btrfs' };
  return fsyncError === 'as-profile' && profile === 'ext4-data-journal' ? { as: 'ext4-data-journal' } : {};
}

/** The same faults for operations that come: each somewhat before the last one that its rule counted in a run where it was never due. */
export function earlierIn(plan: Plan, states: readonly RuleState[]): Plan {
  return plan.map((rule, index) => {
    const { matched = 0, wasDue = true } = states[index] ?? {};
    if (wasDue || matched === 0) return rule;
    const ordinal = Math.ceil(matched * 0.9);
    return rule.nth === undefined ? { ...rule, from: ordinal } : { ...rule, nth: ordinal };
  });
}

/**
 * What was recorded while the subject worked. On a disk the file system's own last writes come after that; nobody is told of a fault in
 * them, and they are not part of a run with faults. All of it where nothing was promised.
 */
export function untilLastPromise(recording: Recording): Recording {
  const last = recording.trace.findLastIndex(({ kind }) => kind === 'acknowledgement');
  return last < 0 ? recording : { ...recording, trace: recording.trace.slice(0, last) };
}
