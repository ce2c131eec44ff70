import { type CrashFault, crashStates } from '../model/crash-states.ts';
import { takeApart } from '../model/effects.ts';
import { buildImage, type CrashState } from '../model/image.ts';
import { profileNamed } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import type { Recording } from '../model/recording.ts';
import type { Tree } from '../model/tree.ts';
import { type NamedOperation, operationsAt } from './pending.ts';

/** Which of the legal crash states a power cut leaves. */
export interface PowerCut {
  readonly profile: string;
  readonly state: 'drawn' | 'all-lost' | 'nothing-lost';
  /** A state with a write that is there in part. */
  readonly torn: boolean;
  readonly seed: number;
}

export interface AfterPowerCut {
  readonly image: Tree;
  /** Of each of these, at least a part is gone. */
  readonly lost: readonly NamedOperation[];
}

/** How many states a cut draws from: the most telling ones, as a run tries them. */
const statesMax = 512;

/** The power goes after all of a recording. Undefined where no state is as asked: no write can be there in part. */
export function cutPower(recording: Recording, cut: PowerCut): AfterPowerCut | undefined {
  const trace = takeApart(recording);
  const fault: CrashFault = cut.torn ? 'torn-write' : 'power-loss';
  const { seed, profile } = cut;
  const among = new Set([recording.trace.length]);
  const found = crashStates(trace, profileNamed(profile), fault, { seed, limit: statesMax, among });
  const state = choose([...found.states], cut);
  if (state === undefined) return undefined;
  const entries = new Set(state.lost.map((id) => trace.effects[id]?.entry ?? -1));
  return { image: buildImage(trace, state), lost: operationsAt(recording, entries) };
}

function choose(states: readonly CrashState[], { state, seed }: PowerCut): CrashState | undefined {
  if (state === 'drawn')
    return states.length === 0 ? undefined : states[createRandom(seed, 'power-cut').below(states.length)];
  const byLoss = [...states].sort((a, b) => a.lost.length - b.lost.length);
  return byLoss.at(state === 'all-lost' ? -1 : 0);
}
