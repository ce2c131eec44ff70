import type { Claim } from '../../reports/verdict.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Judgement, Observation } from '../oracle/evidence.ts';
import type { RecordedRun } from '../recorded-run.ts';

export interface JudgeOptions {
  readonly afresh?: boolean;
  readonly key?: string;
  /** Under whose rules the image is legal. */
  readonly profile?: string;
}

/** Lets a subject recover on crash images, and judges what it shows. */
export interface Judge {
  /**
   * Judges these claims on one image, which the power cut at `point` of `run` left. `afresh`: by a subject that was
   * started for this image alone. `key`: the same for equal images; what a subject showed on one may stand for another.
   */
  judge(
    image: Tree,
    run: RecordedRun,
    point: number,
    claims: readonly Claim[],
    options?: JudgeOptions,
  ): Promise<Judged>;
  /** What the last recovery left on the volumes. */
  remains(): Promise<Tree>;
  /** Kills the subject. */
  abort(): Promise<void>;
  close(): Promise<void>;
}

export interface Judged {
  readonly judgements: ReadonlyMap<Claim, Judgement>;
  /** A subject recovered on the image for this judgement. */
  readonly recovered: boolean;
  /** Of a litmus program: which of its outcomes the image is. */
  readonly outcomes?: readonly string[];
  /** All that a subject showed that answers requests. */
  readonly observation?: Observation;
  /** The subject's last lines on stderr. */
  readonly stderr: string;
}
