import type { FaultLayer } from '../../src/faults/layer.ts';
import { takeApart } from '../../src/faults/model/effects.ts';
import { buildImage, type CrashState } from '../../src/faults/model/image.ts';
import type { Recording } from '../../src/faults/model/recording.ts';
import { emptyTree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import {
  type Conversation,
  historyAt,
  type NumberedStep,
  type RecordedRun,
  shownText,
} from '../recorded-run.ts';
import type { LoadedScenario } from '../scenario.ts';
import { type ScannedItem, type Subject, SubjectFailure, type SubjectHello } from '../subject/subject.ts';
import { probeMutations } from '../workload/workload.ts';
import type { Recorder } from './recorder.ts';
import type { SubjectSource } from './subject-source.ts';

/** Asks powercut's own requests of a driver or a module. */
export class RequestRecorder implements Recorder {
  private readonly scenario: LoadedScenario;
  private readonly layer: FaultLayer;
  private readonly source: SubjectSource;
  private readonly seed: number;

  constructor(scenario: LoadedScenario, layer: FaultLayer, source: SubjectSource, seed: number) {
    this.scenario = scenario;
    this.layer = layer;
    this.source = source;
    this.seed = seed;
  }

  workload(steps: readonly NumberedStep[], plan: Plan): Promise<RecordedRun> {
    const start = { base: emptyTree(this.scenario.scenario.volumes), trace: [] };
    return this.run(start, plan, async (session) => {
      await session.open();
      await session.ask(steps);
      await session.close();
      return { settled: [], steps, exploredUpTo: -1 };
    });
  }

  reopen(earlier: RecordedRun, killPoint: number): Promise<RecordedRun> {
    const { steps } = historyAt(earlier, killPoint);
    const trace = [...earlier.recording.trace.slice(0, killPoint), { kind: 'process-crash' as const }];
    const start = { base: earlier.recording.base, trace };
    return this.run(start, [], async (session) => {
      const more = this.moreSteps(session.hello, steps.length);
      const items = await session.recover(more);
      const shown = { afterSteps: steps.length, items };
      return { settled: [], steps: [...steps, ...more], shown, exploredUpTo: killPoint };
    });
  }

  nested(earlier: RecordedRun, state: CrashState): Promise<RecordedRun> {
    const { steps } = historyAt(earlier, state.point);
    const start = { base: buildImage(takeApart(earlier.recording), state), trace: [] };
    return this.run(start, [], async (session) => {
      const more = this.moreSteps(session.hello, steps.length);
      const items = await session.recover(more);
      const shown = { afterSteps: steps.length, items };
      return { settled: steps, steps: more, shown, exploredUpTo: -1 };
    });
  }

  async close(): Promise<void> {
    await this.source.close();
    await this.layer.close();
  }

  private moreSteps(hello: SubjectHello, from: number): NumberedStep[] {
    const mutations = probeMutations(hello.model, this.seed, 1);
    return mutations.map((mutation, offset) => ({ index: from + offset, mutation }));
  }

  private async run(
    start: Recording,
    plan: Plan,
    talk: (session: Session) => Promise<Talk>,
  ): Promise<RecordedRun> {
    await this.layer.begin(start, plan);
    const session = new Session(this.layer, this.scenario.scenario.subject.options);
    let talked: Talk | undefined;
    try {
      const { subject, hello } = await this.source.take();
      session.attach(subject, hello);
      talked = await talk(session);
    } catch (error) {
      if (!(error instanceof SubjectFailure)) throw error;
      session.endedEarly ??= error.message;
    }
    if (session.endedEarly !== undefined) await this.source.discard();
    const { recording, firings } = await this.layer.end();
    const { exploredUpTo, ...rest } = talked ?? { settled: [], steps: session.asked, exploredUpTo: -1 };
    const conversation: Conversation = { kind: 'requests', model: session.hello.model, ...rest };
    return {
      recording,
      conversation,
      firings,
      exploredUpTo,
      ...(session.endedEarly === undefined ? {} : { endedEarly: session.endedEarly }),
    };
  }
}

interface Talk {
  readonly settled: Extract<Conversation, { kind: 'requests' }>['settled'];
  readonly steps: readonly NumberedStep[];
  readonly shown?: { readonly afterSteps: number; readonly items: readonly ScannedItem[] };
  readonly exploredUpTo: number;
}

/** One conversation with a subject that is being recorded. */
class Session {
  endedEarly: string | undefined;
  readonly asked: NumberedStep[] = [];
  private readonly layer: FaultLayer;
  private readonly options: Readonly<Record<string, unknown>>;
  private connection: { readonly subject: Subject; readonly hello: SubjectHello } | undefined;

  constructor(layer: FaultLayer, options: Readonly<Record<string, unknown>>) {
    this.layer = layer;
    this.options = options;
  }

  attach(subject: Subject, hello: SubjectHello): void {
    this.connection = { subject, hello };
  }

  get hello(): SubjectHello {
    return this.connection?.hello ?? { model: 'log', name: '', version: '', features: [] };
  }

  async open(): Promise<void> {
    const reply = await this.subject.request({ op: 'open', options: this.options });
    if (!reply.ok) this.endedEarly = `open was refused: ${reply.error.code}: ${reply.error.message}`;
  }

  /** Asks the steps one after the other. A refused step promises nothing; the next one is asked all the same. */
  async ask(steps: readonly NumberedStep[]): Promise<void> {
    if (this.endedEarly !== undefined) return;
    for (const step of steps) {
      this.asked.push(step);
      const id = String(step.index);
      const reply = await this.subject.request(step.mutation, id);
      if (reply.ok && !this.hello.features.includes('acks')) await this.layer.acknowledge(id);
    }
  }

  /** Opens on what an earlier crash left, scans, and asks for more. Answers what the scan showed. */
  async recover(more: readonly NumberedStep[]): Promise<readonly ScannedItem[]> {
    await this.open();
    if (this.endedEarly !== undefined) return [];
    const reply = await this.subject.request({ op: 'scan' });
    if (!reply.ok) {
      this.endedEarly = `scan was refused: ${reply.error.code}: ${reply.error.message}`;
      return [];
    }
    await this.layer.acknowledge(shownText);
    await this.ask(more);
    await this.close();
    return reply.items ?? [];
  }

  async close(): Promise<void> {
    if (this.endedEarly === undefined) await this.subject.request({ op: 'close' });
  }

  private get subject(): Subject {
    if (this.connection === undefined) throw new Error('no subject is attached');
    return this.connection.subject;
  }
}
