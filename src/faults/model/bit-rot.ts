import type { CrashState } from './image.ts';
import { createRandom } from './random.ts';
import { type Span, storedSectors, storedSpans } from './stored-spans.ts';
import type { Tree } from './tree.ts';

/**
 * States in which everything reached the disk and then one bit of it rotted: spread evenly over the bytes that the
 * files hold (holes hold none), each at a seeded bit. `exhaustive` if every byte had its turn.
 */
export function bitRotStates(
  tree: Tree,
  point: number,
  settings: { readonly seed: number; readonly limit: number },
): { readonly exhaustive: boolean; readonly states: readonly CrashState[] } {
  const spans = storedSpans(tree);
  const total = spans.reduce((sum, span) => sum + span.length, 0);
  const random = createRandom(settings.seed, 'bit-rot');
  const count = Math.min(total, settings.limit);
  const states = Array.from({ length: count }, (_, index): CrashState => {
    const rotten = { ...byteAt(spans, Math.floor((index * total) / count)), bit: random.below(8) };
    return { point, lost: [], filler: 'old', rotten };
  });
  return { exhaustive: count === total, states };
}

/** One such state for every sector that the files hold: a seeded bit of each. */
export function sweepBitRot(
  tree: Tree,
  point: number,
  { seed }: { readonly seed: number },
): { readonly exhaustive: true; readonly states: readonly CrashState[] } {
  const random = createRandom(seed, 'bit-rot');
  const states = storedSectors(tree).map(({ inode, offset, length }): CrashState => {
    const rotten = { inode, offset: offset + random.below(length), bit: random.below(8) };
    return { point, lost: [], filler: 'old', rotten };
  });
  return { exhaustive: true, states };
}

function byteAt(spans: readonly Span[], position: number): { inode: number; offset: number } {
  let left = position;
  for (const { inode, offset, length } of spans) {
    if (left < length) return { inode, offset: offset + left };
    left -= length;
  }
  throw new RangeError(`there is no stored byte ${position}`);
}
