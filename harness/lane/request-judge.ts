import type { Claim } from '../../reports/verdict.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { History, Observation } from '../oracle/evidence.ts';
import { oracles } from '../oracle/index.ts';
import { historyAt, type RecordedRun } from '../recorded-run.ts';
import { type DataModel, type Mutation, SubjectFailure } from '../subject/subject.ts';
import { probeMutations } from '../workload/workload.ts';
import type { Judge, Judged } from './judge.ts';
import { observe } from './observe.ts';
import type { SubjectSource } from './subject-source.ts';

/** Where crash images are put for subjects to recover on. */
export interface Shelf {
  put(image: Tree): Promise<void>;
  /** What is there now. */
  look(): Promise<Tree>;
  close(): Promise<void>;
}

/** Judges a subject that answers requests; the source's subjects look at the shelf. */
export class RequestJudge implements Judge {
  private readonly source: SubjectSource;
  private readonly shelf: Shelf;
  private readonly options: Readonly<Record<string, unknown>>;
  private readonly seed: number;
  /** Of the run that was judged last: many images share a crash point. */
  private histories: { readonly run: RecordedRun; readonly at: Map<number, History> } | undefined;
  private readonly probes = new Map<DataModel, readonly Mutation[]>();

  constructor(source: SubjectSource, shelf: Shelf, options: Readonly<Record<string, unknown>>, seed: number) {
    this.source = source;
    this.shelf = shelf;
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
    await this.shelf.put(image);
    const observation = await this.observe(run);
    const history = this.historyAt(run, point);
    const judgements = new Map(claims.map((claim) => [claim, oracles[claim](history, observation)] as const));
    return { judgements, stderr: this.source.stderr() };
  }

  remains(): Promise<Tree> {
    return this.shelf.look();
  }

  abort(): Promise<void> {
    return this.source.discard();
  }

  async close(): Promise<void> {
    await this.source.close();
    await this.shelf.close();
  }

  private historyAt(run: RecordedRun, point: number): History {
    if (this.histories?.run !== run) this.histories = { run, at: new Map() };
    const { at } = this.histories;
    const history = at.get(point) ?? historyAt(run, point);
    at.set(point, history);
    return history;
  }

  private probesOf(model: DataModel): readonly Mutation[] {
    const probes = this.probes.get(model) ?? probeMutations(model, this.seed);
    this.probes.set(model, probes);
    return probes;
  }

  private async observe(run: RecordedRun): Promise<Observation> {
    try {
      const { subject } = await this.source.take();
      const { conversation } = run;
      const model = conversation.kind === 'requests' ? conversation.model : 'log';
      const observation = await observe(subject, this.options, this.probesOf(model));
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
