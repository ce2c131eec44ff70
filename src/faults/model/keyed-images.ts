import type { EffectTrace } from './effects.ts';
import { type CrashState, Images } from './image.ts';
import { imageKey } from './image-key.ts';
import type { Tree } from './tree.ts';

/** Images of one trace and their keys. States that are seen to leave the same image have it built once. */
export class KeyedImages {
  private readonly trace: EffectTrace;
  private readonly images: Images;
  private readonly keys = new Map<string, string>();
  private latest: { readonly state: CrashState; readonly image: Tree } | undefined;

  constructor(trace: EffectTrace) {
    this.trace = trace;
    this.images = new Images(trace);
  }

  at(state: CrashState): Tree {
    if (this.latest?.state !== state) this.latest = { state, image: this.images.at(state) };
    return this.latest.image;
  }

  /** Equal for states whose images look the same to a subject ({@link imageKey}), on disks that do the same. */
  keyOf(state: CrashState): string {
    const place = placeOf(this.trace, state);
    const known = this.keys.get(place);
    if (known !== undefined) return known;
    const key = `${imageKey(this.at(state))}${diskOf(state)}`;
    this.keys.set(place, key);
    return key;
  }
}

/** Equal only for states that leave the same image: what was lost at the very end might as well not have been issued yet. */
function placeOf({ effectsBefore }: EffectTrace, state: CrashState): string {
  const { point, lost, filler, rotten } = state;
  let end = effectsBefore[point] ?? 0;
  let count = lost.length;
  // A filler shows something in place of what was lost, at the end too.
  while (filler === 'old' && count > 0 && lost[count - 1] === end - 1) {
    end--;
    count--;
  }
  return `${end} ${filler} ${lost.slice(0, count).join()} ${JSON.stringify(rotten ?? '')} ${diskOf(state)}`;
}

/** What the disk does to those who read the image. */
function diskOf({ unreadable, stale, stalled }: CrashState): string {
  if (stale !== undefined) return `stale ${stale.inode} ${stale.back}`;
  if (stalled !== undefined) return `stalled ${stalled.inode}`;
  return JSON.stringify(unreadable ?? '');
}
