import type { TimelineRow } from '../reports/verdict.ts';
import type { Effect } from '../src/faults/model/effects.ts';
import type { Operation, SyncOperation } from '../src/faults/model/operation.ts';

type OperationRow = Extract<TimelineRow, { readonly kind: 'operation' }>;
export type Fate = Pick<OperationRow, 'fate' | 'detail'>;

/** What the disk has of an operation after the crash. */
export function fateOf(
  operation: Operation,
  effects: readonly Effect[],
  crash: { readonly isLost: (effect: Effect) => boolean; readonly isDurable: (effect: Effect) => boolean },
): Fate {
  if (operation.kind === 'sync') return { fate: fateOfBarrier(operation) };
  const dropped = operation.kind === 'write' && operation.lost === true;
  const gone = effects.filter(crash.isLost);
  if (gone.length === 0 && !dropped) {
    if (effects.length === 0) return { fate: 'none' };
    return { fate: effects.every(crash.isDurable) ? 'durable' : 'kept' };
  }
  if (gone.length === effects.length) return { fate: 'lost' };
  const detail = describeLost(effects, gone, dropped);
  return { fate: isTorn(effects, gone) ? 'torn' : 'part', detail };
}

/** One that answered an error, or that the disk did not carry out, makes nothing durable. */
function fateOfBarrier({ leftOut, failed, lost }: SyncOperation): 'none' | 'failed' | 'barrier' {
  if (leftOut === true) return 'none';
  return failed === true || lost === true ? 'failed' : 'barrier';
}

/** Some of its units of data are missing, and some are there. */
function isTorn(effects: readonly Effect[], gone: readonly Effect[]): boolean {
  const missing = dataOf(gone).length;
  return missing > 0 && missing < dataOf(effects).length;
}

function dataOf(effects: readonly Effect[]): readonly Effect[] {
  return effects.filter(({ kind }) => kind === 'data');
}

function describeLost(effects: readonly Effect[], gone: readonly Effect[], dropped: boolean): string {
  const has = (...kinds: Effect['kind'][]) => gone.some(({ kind }) => kinds.includes(kind));
  const parts = [
    ...(dropped ? ['the data'] : lostData(dataOf(effects), dataOf(gone))),
    ...(has('zero') ? ['the zeros'] : []),
    ...(has('size') ? ['the size'] : []),
    ...(has('link', 'unlink') ? ['the name'] : []),
    ...(has('inode') ? ['the inode'] : []),
  ];
  return `lost: ${parts.join(' and ')}`;
}

function lostData(data: readonly Effect[], gone: readonly Effect[]): readonly string[] {
  if (gone.length === 0) return [];
  if (gone.length === data.length) return ['the data'];
  const places = gone.map((effect) => data.indexOf(effect) + 1);
  return [`${places.length === 1 ? 'sector' : 'sectors'} ${places.join(', ')} of ${data.length}`];
}
