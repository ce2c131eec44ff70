import { type FaultLayer, MountFailure } from '../../src/faults/layer.ts';
import { takeApart } from '../../src/faults/model/effects.ts';
import { buildImage, type CrashState } from '../../src/faults/model/image.ts';
import type { Recording } from '../../src/faults/model/recording.ts';
import { emptyTree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import { isOnDisks } from '../disks.ts';
import type { Step } from '../oracle/evidence.ts';
import { type NumberedStep, type RecordedRun, type Shown, shownText, stepsBefore } from '../recorded-run.ts';
import type { LoadedScenario } from '../scenario.ts';
import { type Subject, SubjectFailure, type SubjectHello } from '../subject/subject.ts';
import type { Stop } from '../torture/cycle.ts';
import { probeMutations } from '../workload/workload.ts';
import type { CycleOrder, Recorder } from './recorder.ts';
import type { SubjectSource } from './subject-source.ts';

/** Asks powercut's own requests of a driver or a module. */
export class RequestRecorder implements Recorder {
  private readonly loaded: LoadedScenario;
  private readonly layer: FaultLayer;
  private readonly source: SubjectSource;
  private readonly seed: number;

  constructor(loaded: LoadedScenario, layer: FaultLayer, source: SubjectSource, seed: number) {
    this.loaded = loaded;
    this.layer = layer;
    this.source = source;
    this.seed = seed;
  }

  async hello(): Promise<SubjectHello> {
    return (await this.source.take()).hello;
  }

  workload(steps: readonly NumberedStep[], plan: Plan): Promise<RecordedRun> {
    const start = { base: emptyTree(this.loaded.scenario.volumes), trace: [] };
    return this.run(start, plan, {
      settled: [],
      earlier: [],
      next: () => steps,
      recovers: false,
      stop: 'close',
    });
  }

  async reopen(earlier: RecordedRun, killPoint: number): Promise<RecordedRun> {
    const steps = stepsBefore(earlier, killPoint);
    const trace = [...earlier.recording.trace.slice(0, killPoint), { kind: 'process-crash' as const }];
    const start = { base: earlier.recording.base, trace };
    const run = await this.run(start, [], {
      settled: [],
      earlier: steps,
      next: (hello) => this.moreSteps(hello, steps.length),
      recovers: true,
      stop: 'close',
    });
    return { ...run, exploredUpTo: killPoint };
  }

  nested(earlier: RecordedRun, state: CrashState): Promise<RecordedRun> {
    const steps = stepsBefore(earlier, state.point);
    const start = { base: buildImage(takeApart(earlier.recording), state), trace: [] };
    return this.run(start, [], {
      settled: steps,
      earlier: [],
      next: (hello) => this.moreSteps(hello, steps.length),
      recovers: true,
      stop: 'close',
    });
  }

  async cycle({ ground, mutations, plan, stop }: CycleOrder): Promise<RecordedRun> {
    // A life begins with a subject that remembers nothing of an earlier one.
    if (ground === undefined) await this.source.discard();
    const settled = ground?.settled ?? [];
    const start = ground?.start ?? { base: emptyTree(this.loaded.scenario.volumes), trace: [] };
    const run = await this.run(start, plan, {
      settled,
      earlier: [],
      next: () => mutations.map((mutation, offset) => ({ index: settled.length + offset, mutation })),
      recovers: ground !== undefined,
      stop,
      ...(ground?.shown === undefined ? {} : { shownBefore: ground.shown }),
    });
    // One that was killed by a simulated disk does not know it.
    if (run.closed !== true) await this.source.discard();
    return run;
  }

  abort(): Promise<void> {
    return this.source.discard();
  }

  async close(): Promise<void> {
    await this.source.close();
    await this.layer.close();
  }

  private moreSteps(hello: SubjectHello, from: number): NumberedStep[] {
    const mutations = probeMutations(hello.model, this.seed, 1);
    return mutations.map((mutation, offset) => ({ index: from + offset, mutation }));
  }

  private async run(start: Recording, plan: Plan, talk: Talk): Promise<RecordedRun> {
    const session = new Session(this.layer, this.loaded.scenario.subject.options);
    const { stop } = talk;
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.layer.begin(start, plan);
      const { subject, hello } = await this.source.take();
      if (typeof stop === 'object')
        timer = setTimeout(() => void this.source.discard(stop.way), stop.afterMs);
      await session.hold(subject, hello, talk);
    } catch (error) {
      if (!(error instanceof SubjectFailure || error instanceof MountFailure)) throw error;
      session.endedEarly ??= error.message;
    } finally {
      clearTimeout(timer);
    }
    const writtenBack = session.closed && plan.length === 0;
    // A file that it holds open would keep a disk from being unmounted.
    const holds = writtenBack && isOnDisks(this.layer.name);
    if (session.endedEarly !== undefined || holds) await this.source.discard();
    const { recording, firings, rules } = await this.layer.end({ writtenBack });
    const { settled, earlier, shownBefore } = talk;
    const { model, asked, shown, endedEarly, closed, refusals } = session;
    const isKilled = firings.some(({ rule }) => rule.fault === 'process-kill');
    return {
      recording,
      firings,
      ...(plan.length === 0 ? {} : { rules }),
      exploredUpTo: -1,
      conversation: {
        kind: 'requests',
        model,
        settled,
        steps: [...earlier, ...asked],
        ...(shown === undefined ? {} : { shown }),
        ...(shownBefore === undefined ? {} : { shownBefore }),
      },
      ...(endedEarly === undefined ? {} : { endedEarly }),
      closed: closed && !isKilled,
      refusals,
    };
  }
}

interface Talk {
  /** Steps that were asked and promised before this recording, and in the part of its trace that it starts from. */
  readonly settled: readonly Step[];
  readonly earlier: readonly NumberedStep[];
  readonly next: (hello: SubjectHello) => readonly NumberedStep[];
  /** It opens on what a crash left: it scans first, and what that shows is shown to a reader. */
  readonly recovers: boolean;
  readonly stop: Stop;
  readonly shownBefore?: Shown;
}

/** One conversation with a subject that is being recorded. */
class Session {
  model: 'log' | 'kv' = 'log';
  endedEarly: string | undefined;
  shown: Shown | undefined;
  closed = false;
  readonly asked: NumberedStep[] = [];
  readonly refusals: string[] = [];
  private readonly layer: FaultLayer;
  private readonly options: Readonly<Record<string, unknown>>;

  constructor(layer: FaultLayer, options: Readonly<Record<string, unknown>>) {
    this.layer = layer;
    this.options = options;
  }

  async hold(subject: Subject, hello: SubjectHello, talk: Talk): Promise<void> {
    this.model = hello.model;
    const opened = await subject.request({ op: 'open', options: this.options });
    if (!opened.ok) return this.endEarly('open', opened.error);
    if (talk.recovers) {
      const scanned = await subject.request({ op: 'scan' });
      if (!scanned.ok) return this.endEarly('scan', scanned.error);
      this.shown = { afterSteps: talk.settled.length + talk.earlier.length, items: scanned.items ?? [] };
      await this.layer.acknowledge(shownText);
    }
    await this.ask(subject, hello, talk.next(hello));
    if (talk.stop === 'leave') return;
    const reply = await subject.request({ op: 'close' });
    this.closed = reply.ok;
    if (!reply.ok) this.refusals.push(`close ${reply.error.code}`);
  }

  /** Asks the steps one after the other. A refused step promises nothing; the next one is asked all the same. */
  private async ask(subject: Subject, hello: SubjectHello, steps: readonly NumberedStep[]): Promise<void> {
    for (const step of steps) {
      this.asked.push(step);
      const id = String(step.index);
      const reply = await subject.request(step.mutation, id);
      if (!reply.ok) this.refusals.push(`${step.mutation.op} ${reply.error.code}`);
      if (reply.ok && !hello.features.includes('acks')) await this.layer.acknowledge(id);
    }
  }

  private endEarly(request: string, error: { readonly code: string; readonly message: string }): void {
    this.endedEarly = `${request} was refused: ${error.code}: ${error.message}`;
    this.refusals.push(`${request} ${error.code}`);
  }
}
