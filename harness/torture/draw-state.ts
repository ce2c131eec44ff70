import { crashStates } from '../../src/faults/model/crash-states.ts';
import { takeApart } from '../../src/faults/model/effects.ts';
import type { CrashState } from '../../src/faults/model/image.ts';
import { profileFor } from '../../src/faults/model/profile.ts';
import { createRandom } from '../../src/faults/model/random.ts';
import { liveTree, type Recording } from '../../src/faults/model/recording.ts';
import { walkVolume } from '../../src/faults/model/tree.ts';
import { statesAtRest } from '../at-rest.ts';
import type { Damage } from './cycle.ts';

/** Among so many states one is drawn. Few: each end, prefix and single loss is likely. Many: most are random choices. */
const statesMax = [8, 64, 256];
/** Of places that may rot, spread over all that is stored. */
const placesMax = 1021;

/** The state that the damage draws, at the end of the recording. Undefined where there is none: nothing can tear, or rot. */
export function drawState(recording: Recording, damage: Damage): CrashState | undefined {
  const random = createRandom(damage.draw, 'damage');
  const limit = damage.kind === 'cut' ? statesMax[random.below(statesMax.length)] : placesMax;
  const states = statesOf(recording, damage, limit ?? 1);
  return states[random.below(Math.max(1, states.length))];
}

/** At most `limit` of the states that the damage may draw, the same ones each time. */
export function statesOf(recording: Recording, damage: Damage, limit: number): readonly CrashState[] {
  const point = recording.trace.length;
  if (damage.kind === 'cut') {
    const { profile, fault, draw } = damage;
    const settings = { seed: draw, limit, after: point - 1 };
    return [...crashStates(takeApart(recording), profileFor(recording, profile), fault, settings).states];
  }
  const files = new Set([...walkVolume(liveTree(recording), damage.volume)].map(({ inode }) => inode.number));
  return statesAtRest(damage.fault, recording, { seed: damage.draw, limit }).states.filter(
    ({ rotten, unreadable, stale, stalled }) =>
      files.has((rotten ?? unreadable ?? stale ?? stalled)?.inode ?? -1),
  );
}
