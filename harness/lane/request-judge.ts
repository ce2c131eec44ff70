import type { Claim } from '../../reports/verdict.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Observation } from '../oracle/evidence.ts';
import { oracles } from '../oracle/index.ts';
import { historyAt, type RecordedRun } from '../recorded-run.ts';
import { SubjectFailure } from '../subject/subject.ts';
import { probeMutations } from '../workload/workload.ts';
import type { Judge, Judged } from './judge.ts';
import { observe } from './observe.ts';
import type { SubjectSource } from './subject-source.ts';

/** Judges a subject that answers requests. `lay` puts an image where the source's subjects look. */
export class RequestJudge implements Judge {
  private readonly source: SubjectSource;
  private readonly lay: (image: Tree) => void | Promise<void>;
  private readonly options: Readonly<Record<string, unknown>>;
  private readonly seed: number;

  constructor(
    source: SubjectSource,
    lay: (image: Tree) => void | Promise<void>,
    options: Readonly<Record<string, unknown>>,
    seed: number,
  ) {
    this.source = source;
    this.lay = lay;
    this.options = options;
    this.seed = seed;
  }

  async judge(
    image: Tree,
    run: RecordedRun,
    point: number,
    claims: readonly Claim[],
    { afresh } = { afresh: false },
  ): Promise<Judged> {
    if (afresh) await this.source.discard();
    await this.lay(image);
    const observation = await this.observe(run);
    const history = historyAt(run, point);
    const judgements = new Map(claims.map((claim) => [claim, oracles[claim](history, observation)] as const));
    return { judgements, stderr: this.source.stderr() };
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private async observe(run: RecordedRun): Promise<Observation> {
    try {
      const { subject } = await this.source.take();
      const { conversation } = run;
      const model = conversation.kind === 'requests' ? conversation.model : 'log';
      const observation = await observe(subject, this.options, probeMutations(model, this.seed));
      if (!isAlive(observation)) await this.source.discard();
      return observation;
    } catch (error) {
      if (!(error instanceof SubjectFailure)) throw error;
      await this.source.discard();
      return { open: { kind: 'failure', reason: error.reason, message: error.message } };
    }
  }
}

/** A subject that refuses is still there, and was asked to close; one that failed is not. */
function isAlive({ open, scan, probe, again }: Observation): boolean {
  const outcomes = [open, scan, probe?.outcome, again?.open, again?.scan];
  return outcomes.every((outcome) => outcome?.kind !== 'failure');
}
