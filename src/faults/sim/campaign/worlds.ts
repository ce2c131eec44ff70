import fc from 'fast-check';
import type { WalOptions } from '../../../wal/index.ts';
import type { FaultName, Firing, Plan, PlanRule } from '../../plan.ts';
import type { Harm } from './bad-disk-model.ts';

/**
 * What the log under test stands on, and so what it must hold. In all of them the process is killed and the power goes at any moment.
 * - `one-copy`: a disk that may refuse what it is asked and never lies. Everything must hold.
 * - `two-copies`: two disks, of which one at a time does whatever a disk can do. Everything must hold.
 * - `bad-disk`: one disk that does whatever a disk can do. Data may be lost; none may be wrong, and errors are the log's own.
 */
export const worlds = ['one-copy', 'two-copies', 'bad-disk'] as const;
export type World = (typeof worlds)[number];

export const volumesOf: Readonly<Record<World, readonly string[]>> = {
  'one-copy': ['data'],
  'two-copies': ['data', 'mirror'],
  'bad-disk': ['data'],
};

/** How the log is opened: with which options, and which copies it is given, where there are two. */
export interface Opening {
  readonly options: WalOptions;
  readonly copies: 'both' | 'turned round' | 'the good one';
}

/** No program needs to notice these. */
const harmless: readonly PlanRule[] = [
  { operation: 'write', fault: 'short-io' },
  { operation: 'read', fault: 'short-io' },
  { operation: 'write', fault: 'short-io', interrupted: true },
  { operation: 'read', fault: 'short-io', interrupted: true },
  { operation: 'sync', fault: 'slow', delayMs: 1 },
];

/** The disk says that it did not do what it was asked. */
const refusals: readonly PlanRule[] = [
  { operation: 'sync', fault: 'fsync-error' },
  { operation: 'sync', fault: 'fsync-error', as: 'btrfs' },
  { operation: 'write', fault: 'io-error' },
  { operation: 'write', fault: 'io-error', part: 0.5, lasts: 'for-good' },
  { operation: 'any', fault: 'io-error' },
  { operation: 'open', fault: 'io-error' },
  { operation: 'write', fault: 'disk-full', part: 0.5 },
  { operation: 'create', fault: 'disk-full' },
];

/** One place of the disk holds, or answers, something else; or nothing. */
const spots: readonly PlanRule[] = [
  { operation: 'read', fault: 'io-error' },
  { operation: 'read', fault: 'latent-sector-error' },
  { operation: 'write', fault: 'latent-sector-error', spares: 0 },
  { operation: 'read', fault: 'bit-rot', at: 'read' },
  { operation: 'read', fault: 'bit-rot' },
  { operation: 'write', fault: 'bit-rot' },
  { operation: 'sync', fault: 'bit-rot' },
];

/** The disk says that it did what it did not do. */
const lies: readonly PlanRule[] = [
  { operation: 'sync', fault: 'lost-fsync' },
  { operation: 'sync', fault: 'fsync-error', as: 'ext4-data-journal' },
  { operation: 'write', fault: 'lost-write' },
  { operation: 'write', fault: 'misdirected-write' },
  { operation: 'read', fault: 'stale-read' },
  { operation: 'read', fault: 'cache-drop' },
];

/** With `readBack: 'all'` a write that never arrived is as good as a refused one, in the files that are read back. */
const lostWrites = ['wal/*.wal', 'wal/manifest', 'wal/cursor-*'].map(
  (path): PlanRule => ({ path, operation: 'write', fault: 'lost-write' }),
);

const ordinal = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 12 }));
const once = ordinal.map((nth) => ({ nth }));
const fromThenOn = ordinal.map((from) => ({ from }));

function planOf(rules: readonly PlanRule[], when: fc.Arbitrary<object>): fc.Arbitrary<Plan> {
  return fc
    .tuple(fc.constantFrom(...rules), when, fc.nat({ max: 99 }))
    .map(([rule, time, seed]) => [{ ...rule, ...time, seed } as PlanRule]);
}

/** The disk answers nothing any more. */
const death: fc.Arbitrary<Plan> = ordinal.map((from) =>
  (['any', 'open', 'read'] as const).map((operation) => ({ operation, from, fault: 'io-error' as const })),
);
const killInside: fc.Arbitrary<Plan> = fc
  .integer({ min: 1, max: 60 })
  .map((nth) => [{ operation: 'any' as const, nth, fault: 'process-kill' as const }]);
const everywhere = fc.oneof(planOf(harmless, once), killInside);
const anything = fc.oneof(
  planOf(refusals, once),
  { weight: 3, arbitrary: planOf(spots, once) },
  { weight: 3, arbitrary: planOf(lies, fc.oneof(once, fromThenOn)) },
  death,
);

/** What goes wrong on the disks from a moment on. */
export const plansIn: Readonly<Record<World, fc.Arbitrary<Plan>>> = {
  'one-copy': fc.oneof(everywhere, planOf(refusals, once)),
  'two-copies': fc.oneof(everywhere, { weight: 4, arbitrary: anything }),
  'bad-disk': fc.oneof(everywhere, { weight: 4, arbitrary: anything }),
};

export const plansWithReadBack: fc.Arbitrary<Plan> = fc.oneof(
  plansIn['one-copy'],
  planOf(lostWrites, fc.oneof(once, fromThenOn)),
);

const harmlessFaults: readonly FaultName[] = ['short-io', 'slow', 'cache-drop'];

/** Faults that the log could have noticed. */
export function noticeable(firings: readonly Firing[]): readonly Firing[] {
  return firings.filter(({ rule }) => !harmlessFaults.includes(rule.fault));
}

/** What the faults may have cost that no log on one disk can prevent. */
export function harmOf(firings: readonly Firing[]): Harm {
  const harms = noticeable(firings).filter(({ rule }) => !isRefusal(rule));
  if (harms.length === 0) return 'none';
  return harms.length === 1 && harms.every(({ rule }) => isSpot(rule)) ? 'one spot' : 'any';
}

function isRefusal({ fault, operation, ...rule }: PlanRule): boolean {
  if (fault === 'fsync-error') return !('as' in rule) || rule.as !== 'ext4-data-journal';
  if (fault === 'io-error') return operation !== 'read';
  return fault === 'disk-full' || fault === 'process-kill';
}

function isSpot({ fault }: PlanRule): boolean {
  return fault === 'bit-rot' || fault === 'latent-sector-error' || fault === 'io-error';
}
