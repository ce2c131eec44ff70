import { isTorn } from './crash-states.ts';
import type { Effect } from './effects.ts';
import type { CrashState } from './image.ts';
import type { SyncOperation } from './operation.ts';
import type { Order } from './order.ts';
import type { Profile } from './profile.ts';
import type { Departure, Rule } from './profiles/type.ts';

/** The rules of the profile that make this state legal: one for each way in which it departs from program order. */
export function permittingRules(order: Order, profile: Profile, state: CrashState): Rule[] {
  const { trace } = order;
  const lost = state.lost.flatMap((id) => trace.effects[id] ?? []);
  if (lost.length === 0) return [];
  const departures = new Set<Departure>(['lost']);
  const isLost = new Set(state.lost);
  const kept = keptPending(order, state, isLost);
  const first = lost[0];
  if (first !== undefined && kept.some((effect) => effect.id > first.id)) departures.add('reordered');
  if (lost.some((effect) => effect.kind === 'link' || effect.kind === 'unlink')) departures.add('name');
  if (hasSizeAhead(kept, lost)) departures.add('size-ahead');
  if (isTorn(trace, state.lost)) departures.add('torn');
  if (state.filler !== 'old') departures.add(state.filler === 'garbage' ? 'garbage' : 'unsafe-overwrite');
  if (hasSplitRename(order, isLost, lost)) departures.add('split-rename');
  if (hasBarrier(order, state, lost, ({ failed }) => failed === true)) departures.add('failed-barrier');
  if (hasBarrier(order, state, lost, (barrier) => barrier.lost === true)) departures.add('lying-barrier');
  return [...new Set([...departures].map((departure) => profile.permits[departure]))];
}

/** Effects that are there though no barrier covered them. */
function keptPending(order: Order, state: CrashState, isLost: ReadonlySet<number>): Effect[] {
  const end = order.trace.effectsBefore[state.point] ?? 0;
  return order.trace.effects.slice(0, end).filter((effect) => {
    const durableAt = order.durableAt[order.atomOf[effect.id] ?? -1] ?? 0;
    return durableAt >= state.point && !isLost.has(effect.id);
  });
}

function hasSizeAhead(kept: readonly Effect[], lost: readonly Effect[]): boolean {
  return kept.some(
    (size) =>
      size.kind === 'size' &&
      size.grownByWrite &&
      lost.some((data) => data.kind === 'data' && data.inode === size.inode && data.offset < size.to),
  );
}

function hasSplitRename(order: Order, isLost: ReadonlySet<number>, lost: readonly Effect[]): boolean {
  return lost.some((effect) => {
    const step = order.trace.recording.trace[effect.entry];
    if (step?.kind !== 'operation' || step.operation.kind !== 'rename') return false;
    return order.trace.effects.some((other) => other.entry === effect.entry && !isLost.has(other.id));
  });
}

/** Something is lost that such a barrier was issued for. */
function hasBarrier(
  order: Order,
  state: CrashState,
  lost: readonly Effect[],
  isSuch: (barrier: SyncOperation) => boolean,
): boolean {
  return order.trace.recording.trace.slice(0, state.point).some((step, entry) => {
    if (step.kind !== 'operation' || step.operation.kind !== 'sync' || !isSuch(step.operation)) return false;
    const { inode } = step.operation;
    return lost.some(
      (effect) =>
        effect.entry < entry && (effect.kind === 'data' || effect.kind === 'size') && effect.inode === inode,
    );
  });
}
