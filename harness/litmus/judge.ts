import type { Claim } from '../../reports/verdict.ts';
import { MountFailure } from '../../src/faults/layer.ts';
import { showImage } from '../../src/faults/model/show-image.ts';
import type { InodeNumber, Tree } from '../../src/faults/model/tree.ts';
import type { Judge, Judged, JudgeOptions } from '../lane/judge.ts';
import { readBack, UnreadableFile } from '../lane/read-back.ts';
import type { PlacedShelf } from '../lane/shelf.ts';
import type { Judgement } from '../oracle/evidence.ts';
import { held } from '../oracle/judgement.ts';
import type { RecordedRun } from '../recorded-run.ts';
import type { Outcome, Scenario } from '../scenario.ts';

/** Looks at crash images themselves: nothing recovers on them. */
export class OutcomeJudge implements Judge {
  private readonly volume: string;
  private readonly outcomes: readonly (Outcome & { readonly pattern: RegExp })[];
  private readonly shelf: PlacedShelf | undefined;
  private latest: Tree | undefined;

  /** `shelf`: where an image has to be put to be seen; where absent, it is seen as it is. */
  constructor({ volumes, outcomes = [] }: Scenario, shelf?: PlacedShelf) {
    this.shelf = shelf;
    this.volume = volumes[0] ?? 'data';
    this.outcomes = outcomes.map((outcome) => ({ ...outcome, pattern: new RegExp(outcome.shown) }));
  }

  async judge(
    image: Tree,
    run: RecordedRun,
    _point: number,
    claims: readonly Claim[],
    { profile }: JudgeOptions = {},
  ): Promise<Judged> {
    this.latest = image;
    const judged = (judgement: Judgement, outcomes: readonly string[]): Judged => ({
      judgements: new Map(claims.map((claim) => [claim, judgement])),
      outcomes,
      recovered: false,
      stderr: '',
    });
    try {
      this.latest = await this.seen(image, run);
    } catch (error) {
      if (!(error instanceof MountFailure || error instanceof UnreadableFile)) throw error;
      return judged(notSeen(error.message), []);
    }
    const shown = showImage(this.latest, this.volume);
    const found = this.outcomes.filter(({ pattern }) => pattern.test(shown));
    const forbidden = found.filter(({ allowed }) => !allowed.some((name) => name === profile));
    return judged(
      this.judgementOn(forbidden, shown, profile),
      found.map(({ outcome }) => outcome),
    );
  }

  async remains(): Promise<Tree> {
    if (this.latest === undefined) throw new Error('no image was judged yet');
    return this.latest;
  }

  async abort(): Promise<void> {}

  async close(): Promise<void> {
    await this.shelf?.close();
  }

  private async seen(image: Tree, run: RecordedRun): Promise<Tree> {
    if (this.shelf === undefined) return image;
    await this.shelf.put(image, run);
    const tree = readBack(this.shelf.directories);
    for (const root of tree.roots.values()) withoutOwnDirectory(tree, root);
    return tree;
  }

  private judgementOn(forbidden: readonly Outcome[], shown: string, profile: string | undefined): Judgement {
    const [first] = forbidden;
    if (first === undefined) return held;
    const shows = this.shelf === undefined ? 'its rules allow it' : `the kernel's own ${profile} shows it`;
    return {
      status: 'violated',
      summary: `${first.outcome}: ${profile} is written down to forbid it, and ${shows}`,
      expected: forbidden.map(({ outcome, shown: pattern }) => `not: ${outcome} (${pattern})`),
      recovered: [shown],
    };
  }
}

/** mkfs.ext4 makes a directory for what fsck finds: no program made it. */
function withoutOwnDirectory({ inodes }: Tree, root: InodeNumber): void {
  const directory = inodes.get(root);
  if (directory?.kind === 'directory') directory.entries.delete('lost+found');
}

function notSeen(message: string): Judgement {
  return {
    status: 'violated',
    summary: message,
    expected: ['a file system that can be mounted and read, whatever of the last requests is missing'],
    recovered: ['none'],
  };
}
