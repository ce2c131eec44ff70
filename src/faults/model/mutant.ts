import { type CrashFault, crashStates } from './crash-states.ts';
import type { EffectTrace } from './effects.ts';
import { never, type Order } from './order.ts';
import type { Profile } from './profile.ts';
import type { Recording } from './recording.ts';
import type { InodeNumber } from './tree.ts';

/** Deleting barriers from a trace, and what that makes legal: docs/mutation.md. */

/** The recording, had the barriers at these entries not been issued. They keep their places, so that all others do too. */
export function withoutBarriers(recording: Recording, leftOut: ReadonlySet<number>): Recording {
  const trace = recording.trace.map((step, entry) => {
    if (!leftOut.has(entry) || step.kind !== 'operation' || step.operation.kind !== 'sync') return step;
    return { ...step, operation: { ...step.operation, leftOut: true } };
  });
  return { ...recording, trace };
}

/** A trace and the same one without some barriers, under one profile and fault. */
export interface Mutant {
  readonly whole: EffectTrace;
  readonly mutant: EffectTrace;
  readonly profile: Profile;
  readonly fault: Extract<CrashFault, 'power-loss' | 'torn-write'>;
}

/**
 * The entries of the barriers that cover, in every crash state, what those that were left out covered: each effect is made durable
 * before them already, or after them with no promise and no other effect in between. Undefined where that is not so:
 * leaving them out makes states legal that were not.
 */
export function coverOf(
  { whole, mutant, profile, fault }: Mutant,
  leftOut: ReadonlySet<number>,
): ReadonlySet<number> | undefined {
  const before = orderOf(whole, profile, fault);
  const now = orderOf(mutant, profile, fault);
  if (JSON.stringify(before.atoms) !== JSON.stringify(now.atoms)) return undefined;
  const cover = new Set<number>();
  for (const [atom, from] of before.durableAt.entries()) {
    const until = now.durableAt[atom] ?? never;
    if (until === from) continue;
    if (until === never || !isQuiet(whole, from, until)) return undefined;
    cover.add(until);
  }
  for (const entry of leftOut) {
    if (before.durableAt.includes(entry)) continue;
    const earlier = lastBarrierFor(now, entry);
    if (earlier !== undefined) cover.add(earlier);
  }
  return cover;
}

/** Nothing was promised and nothing issued between the two entries: a crash there is a crash before them. */
function isQuiet({ recording, effectsBefore }: EffectTrace, from: number, until: number): boolean {
  const promises = recording.trace.slice(from, until).some(({ kind }) => kind === 'acknowledgement');
  return !promises && effectsBefore[from] === effectsBefore[until];
}

/** The last barrier before `entry` that made something durable of what this one is for. */
function lastBarrierFor({ trace, atoms, durableAt }: Order, entry: number): number | undefined {
  const step = trace.recording.trace[entry];
  if (step?.kind !== 'operation') return undefined;
  const barriers = atoms
    .filter(({ effects }) => effects.some((id) => belongsTo(trace, id, step.operation.inode)))
    .map(({ id }) => durableAt[id] ?? never)
    .filter((at) => at < entry);
  return barriers.length === 0 ? undefined : Math.max(...barriers);
}

/** A name belongs to its directory, all else to its inode. */
function belongsTo({ effects }: EffectTrace, id: number, inode: InodeNumber): boolean {
  const effect = effects[id];
  if (effect === undefined) return false;
  return effect.kind === 'link' || effect.kind === 'unlink'
    ? effect.parent === inode
    : effect.inode === inode;
}

export function orderOf(trace: EffectTrace, profile: Profile, fault: CrashFault): Order {
  return crashStates(trace, profile, fault, { seed: 0, limit: 1 }).order;
}

/** For each effect the entry of the barrier that made it durable. */
export function durableEffects({ trace, atomOf, durableAt }: Order): number[] {
  return trace.effects.map(({ id }) => durableAt[atomOf[id] ?? -1] ?? never);
}
