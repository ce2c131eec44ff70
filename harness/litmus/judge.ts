import type { Claim } from '../../reports/verdict.ts';
import { showImage } from '../../src/faults/model/show-image.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Judge, Judged, JudgeOptions } from '../lane/judge.ts';
import type { Judgement } from '../oracle/evidence.ts';
import { held } from '../oracle/judgement.ts';
import type { RecordedRun } from '../recorded-run.ts';
import type { Outcome, Scenario } from '../scenario.ts';

/** Looks at crash images themselves: nothing recovers on them. */
export class OutcomeJudge implements Judge {
  private readonly volume: string;
  private readonly outcomes: readonly (Outcome & { readonly pattern: RegExp })[];
  private latest: Tree | undefined;

  constructor({ volumes, outcomes = [] }: Scenario) {
    this.volume = volumes[0] ?? 'data';
    this.outcomes = outcomes.map((outcome) => ({ ...outcome, pattern: new RegExp(outcome.shown) }));
  }

  async judge(
    image: Tree,
    _run: RecordedRun,
    _point: number,
    claims: readonly Claim[],
    { profile }: JudgeOptions = {},
  ): Promise<Judged> {
    this.latest = image;
    const shown = showImage(image, this.volume);
    const found = this.outcomes.filter(({ pattern }) => pattern.test(shown));
    const forbidden = found.filter(({ allowed }) => !allowed.some((name) => name === profile));
    const judgement = judge(forbidden, shown, profile);
    return {
      judgements: new Map(claims.map((claim) => [claim, judgement])),
      outcomes: found.map(({ outcome }) => outcome),
      recovered: false,
      stderr: '',
    };
  }

  async remains(): Promise<Tree> {
    if (this.latest === undefined) throw new Error('no image was judged yet');
    return this.latest;
  }

  async abort(): Promise<void> {}

  async close(): Promise<void> {}
}

function judge(forbidden: readonly Outcome[], shown: string, profile: string | undefined): Judgement {
  const [first] = forbidden;
  if (first === undefined) return held;
  return {
    status: 'violated',
    summary: `${first.outcome}: ${profile} is written down to forbid it, and its rules allow it`,
    expected: forbidden.map(({ outcome, shown: pattern }) => `not: ${outcome} (${pattern})`),
    recovered: [shown],
  };
}
