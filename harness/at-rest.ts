import { countOf } from '../reports/text.ts';
import { bitRotStates, sweepBitRot } from '../src/faults/model/bit-rot.ts';
import { readContent } from '../src/faults/model/content.ts';
import type { CrashState } from '../src/faults/model/image.ts';
import { latentSectorStates } from '../src/faults/model/latent-sectors.ts';
import { liveTree, type Recording } from '../src/faults/model/recording.ts';
import { storedSpans } from '../src/faults/model/stored-spans.ts';
import { type FileInode, type Tree, walkVolume } from '../src/faults/model/tree.ts';
import type { Plan, PlanRule } from '../src/faults/plan.ts';
import { olderBytes } from '../src/faults/volume/durable-versions.ts';
import { spread } from './spread.ts';

/** Faults that befall what lies on the disk after a clean end: found when the subject opens it again. */
export const restFaults = ['bit-rot', 'latent-sector-error', 'stale-read', 'slow'] as const;
export type RestFault = (typeof restFaults)[number];

export interface RestSettings {
  readonly seed: number;
  readonly limit: number;
  /** Every sector has its turn, whatever the limit says. */
  readonly sweep?: 'each-unit';
}

/** One state for each place that the fault is tried at. `exhaustive` if every place had its turn. */
export function statesAtRest(
  fault: RestFault,
  recording: Recording,
  { seed, limit, sweep }: RestSettings,
): { readonly exhaustive: boolean; readonly states: readonly CrashState[] } {
  const point = recording.trace.length;
  const tree = liveTree(recording);
  const toState = (disk: Partial<CrashState>): CrashState => ({ point, lost: [], filler: 'old', ...disk });
  const swept = sweep === undefined ? limit : Number.POSITIVE_INFINITY;
  switch (fault) {
    case 'bit-rot':
      return sweep === undefined
        ? bitRotStates(tree, point, { seed, limit })
        : sweepBitRot(tree, point, { seed });
    case 'latent-sector-error':
      return latentSectorStates(tree, point, { limit: swept });
    case 'stale-read':
      return spreadOver(
        filesOf(tree).flatMap((file) => staleReads(recording, file)),
        swept,
        toState,
      );
    case 'slow':
      return spreadOver(filesOf(tree), swept, ({ number: inode }) => toState({ stalled: { inode } }));
  }
}

/** A sweep is over sectors, or over what may be read of each file. */
export function sweepNote(fault: RestFault, places: number): string {
  const unit = {
    'bit-rot': 'sector',
    'latent-sector-error': 'sector',
    'stale-read': 'version',
    slow: 'file',
  }[fault];
  return `${fault} was swept over all that the files held: ${countOf(places, unit)}, one state each.`;
}

function spreadOver<T>(places: readonly T[], limit: number, toState: (place: T) => CrashState) {
  return { exhaustive: places.length <= limit, states: spread(places, limit).map(toState) };
}

/** Those that hold bytes. */
function filesOf(tree: Tree): FileInode[] {
  return [...new Set(storedSpans(tree).map(({ inode }) => inode))].flatMap((number) => {
    const inode = tree.inodes.get(number);
    return inode?.kind === 'file' ? [inode] : [];
  });
}

/** One for each time that a barrier had made the file durable with other bytes. */
function staleReads(
  recording: Recording,
  { number: inode, content }: FileInode,
): Pick<CrashState, 'stale'>[] {
  const older = olderBytes(recording, inode, 0, readContent(content, 0, content.size));
  return older.map((_, index) => ({ stale: { inode, back: older.length - index } }));
}

/** What the disk under a crash state's image goes on doing while a subject recovers on it. */
export function faultsAtRest({ unreadable, stale, stalled }: CrashState, image: Tree, stallMs: number): Plan {
  const rule = (inode: number, fault: Partial<PlanRule>) => [
    { ...placeOf(image, inode), operation: 'read', ...fault } as PlanRule,
  ];
  if (unreadable !== undefined) {
    const { inode, offset } = unreadable;
    return rule(inode, { from: 1, fault: 'latent-sector-error', offset });
  }
  if (stale !== undefined) return rule(stale.inode, { nth: 1, fault: 'stale-read', back: stale.back });
  if (stalled !== undefined) return rule(stalled.inode, { nth: 1, fault: 'slow', delayMs: stallMs });
  return [];
}

/**
 * How long a stall lasts, in ms: long enough that who gives up waits no longer, short enough that who waits answers in
 * time.
 */
export function stallMsFor(timeoutSeconds: number): number {
  return Math.min(stallMsMax, (timeoutSeconds * 1000) / 4);
}

const stallMsMax = 500;

function placeOf(image: Tree, number: number): { readonly volume: string; readonly path: string } {
  for (const volume of image.roots.keys()) {
    for (const { path, inode } of walkVolume(image, volume)) {
      if (inode.number === number) return { volume, path: path.slice(1) };
    }
  }
  throw new RangeError(`the image has no file with inode ${number}`);
}
