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
  private readonly lay: (image: Tree) => void;
  private readonly options: Readonly<Record<string, unknown>>;
  private readonly seed: number;
  private afresh = false;

  constructor(
    source: SubjectSource,
    lay: (image: Tree) => void,
    options: Readonly<Record<string, unknown>>,
    seed: number,
  ) {
    this.source = source;
    this.lay = lay;
    this.options = options;
    this.seed = seed;
  }

  async judge(image: Tree, run: RecordedRun, point: number, claims: readonly Claim[]): Promise<Judged> {
    this.lay(image);
    const observation = await this.observe(run);
    const history = historyAt(run, point);
    const judgements = new Map(claims.map((claim) => [claim, oracles[claim](history, observation)] as const));
    return { judgements, stderr: this.source.stderr() };
  }

  startAfresh(): void {
    this.afresh = true;
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private async observe(run: RecordedRun): Promise<Observation> {
    if (this.afresh) await this.source.discard();
    try {
      const { subject } = await this.source.take();
      const { conversation } = run;
      const model = conversation.kind === 'requests' ? conversation.model : 'log';
      const observation = await observe(subject, this.options, probeMutations(model, this.seed));
      if (!wentWell(observation)) await this.source.discard();
      return observation;
    } catch (error) {
      if (!(error instanceof SubjectFailure)) throw error;
      await this.source.discard();
      return { open: { kind: 'failure', reason: error.reason, message: error.message } };
    }
  }
}

/** A subject that refused or failed may not be in a state to be asked again. */
function wentWell({ open, scan, probe, again }: Observation): boolean {
  return [open, scan, probe?.outcome, again?.open, again?.scan].every((outcome) => outcome?.kind === 'ok');
}
