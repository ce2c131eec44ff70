import type { CrashState } from './image.ts';
import { storedSectors } from './stored-spans.ts';
import type { Tree } from './tree.ts';

/**
 * States in which everything reached the disk and one sector of it went bad: those that the files hold (holes hold none),
 * evenly spread. `exhaustive` if every sector had its turn.
 */
export function latentSectorStates(
  tree: Tree,
  point: number,
  { limit }: { readonly limit: number },
): { readonly exhaustive: boolean; readonly states: readonly CrashState[] } {
  const sectors = storedSectors(tree).map(({ inode, offset }) => ({ inode, offset }));
  const count = Math.min(sectors.length, limit);
  const states = Array.from({ length: count }, (_, index): CrashState => {
    const unreadable = sectors[Math.floor((index * sectors.length) / count)];
    return { point, lost: [], filler: 'old', ...(unreadable === undefined ? {} : { unreadable }) };
  });
  return { exhaustive: count === sectors.length, states };
}
