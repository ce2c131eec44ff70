import { type Claim, isSubjectClaim } from '../../reports/verdict.ts';
import { MountFailure } from '../../src/faults/layer.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { History, Judgement, Observation } from '../oracle/evidence.ts';
import { oracles } from '../oracle/index.ts';
import { historyAt, promisesBefore, type RecordedRun } from '../recorded-run.ts';
import { type DataModel, type Mutation, SubjectFailure } from '../subject/subject.ts';
import { probeMutations } from '../workload/workload.ts';
import type { Judge, Judged, JudgeOptions } from './judge.ts';
import { observe } from './observe.ts';
import type { Shelf } from './shelf.ts';
import type { SubjectSource } from './subject-source.ts';

/** Judges a subject that answers requests; the source's subjects look at the shelf. */
export class RequestJudge implements Judge {
  private readonly source: SubjectSource;
  private readonly shelf: Shelf;
  private readonly options: Readonly<Record<string, unknown>>;
  private readonly seed: number;
  private histories: Histories | undefined;
  /** By the image's key, what was shown on the latest images: the same image may come again with other promises. */
  private readonly observations = new Map<string, Observation>();
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
    { afresh = false, key }: JudgeOptions = {},
  ): Promise<Judged> {
    if (afresh) await this.source.discard();
    const known = key === undefined ? undefined : this.observations.get(key);
    const observation = known ?? (await this.recover(image, run));
    if (key !== undefined && known === undefined && isAlive(observation)) this.remember(key, observation);
    const history = this.historyAt(run, point);
    const judgements = new Map<Claim, Judgement>();
    for (const claim of claims.filter(isSubjectClaim))
      judgements.set(claim, oracles[claim](history, observation));
    return { judgements, recovered: known === undefined, observation, stderr: this.source.stderr() };
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
    if (this.histories?.run !== run)
      this.histories = { run, promises: promisesBefore(run), byPromises: new Map() };
    const { promises, byPromises } = this.histories;
    const promised = promises[point] ?? 0;
    const history = byPromises.get(promised) ?? historyAt(run, point);
    byPromises.set(promised, history);
    return history;
  }

  private probesOf(model: DataModel): readonly Mutation[] {
    const probes = this.probes.get(model) ?? probeMutations(model, this.seed);
    this.probes.set(model, probes);
    return probes;
  }

  private remember(key: string, observation: Observation): void {
    if (this.observations.size >= observationsMax) this.observations.clear();
    this.observations.set(key, observation);
  }

  private async recover(image: Tree, run: RecordedRun): Promise<Observation> {
    try {
      await this.shelf.put(image, run);
      const { subject } = await this.source.take();
      const { conversation } = run;
      const model = conversation.kind === 'requests' ? conversation.model : 'log';
      const observation = await observe(subject, this.options, this.probesOf(model));
      if (!isAlive(observation)) await this.source.discard();
      return observation;
    } catch (error) {
      // Nothing can be asked where there is no volume.
      if (error instanceof MountFailure)
        return { open: { kind: 'refused', error: { code: 'io', message: error.message } } };
      if (!(error instanceof SubjectFailure)) throw error;
      await this.source.discard();
      return { open: { kind: 'failure', reason: error.reason, message: error.message } };
    }
  }
}

/** Of the run that was judged last: crash points with the same promises before them have one history. */
interface Histories {
  readonly run: RecordedRun;
  readonly promises: readonly number[];
  readonly byPromises: Map<number, History>;
}

/** Each holds what two scans showed, twice all that the subject has. */
const observationsMax = 1024;

/** A subject that refuses is still there, and was asked to close; one that failed is not. */
function isAlive({ open, scan, probe, again }: Observation): boolean {
  const outcomes = [open, scan, probe?.outcome, again?.open, again?.scan];
  return outcomes.every((outcome) => outcome?.kind !== 'failure');
}
