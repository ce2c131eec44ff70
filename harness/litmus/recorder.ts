import type { CrashState } from '../../src/faults/model/image.ts';
import { liveTree, type Recording } from '../../src/faults/model/recording.ts';
import { emptyTree } from '../../src/faults/model/tree.ts';
import type { Firing, Plan } from '../../src/faults/plan.ts';
import type { WriteBack } from '../exploration.ts';
import type { Recorder } from '../lane/recorder.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';
import type { LoadedScenario } from '../scenario.ts';
import type { SubjectHello } from '../subject/subject.ts';
import type { Program } from './program.ts';

interface ProgramRun {
  readonly recording: Recording;
  readonly firings: readonly Firing[];
  /** How long the trace was when the last call had answered. */
  readonly callsEnd: number;
  readonly endedEarly?: string;
}

/** Where a program makes its calls. */
export interface ProgramHost {
  /** `writeBack`: what the kernel holds reaches the disk before the recording ends. `endedEarly`: what a call answered, where it is not what the program says. */
  run(program: Program, start: Recording, plan: Plan, writeBack?: WriteBack): Promise<ProgramRun>;
  abort(): Promise<void>;
  close(): Promise<void>;
}

/** Records a litmus program. Only what may be found after its last call is asked. */
export class ProgramRecorder implements Recorder {
  private readonly loaded: LoadedScenario;
  private readonly host: ProgramHost;

  constructor(loaded: LoadedScenario, host: ProgramHost) {
    this.loaded = loaded;
    this.host = host;
  }

  async hello(): Promise<SubjectHello> {
    return { model: 'log', name: this.loaded.scenario.name, version: '', features: [] };
  }

  workload(_steps: readonly NumberedStep[], plan: Plan): Promise<RecordedRun> {
    return this.record(plan);
  }

  writtenBack(order: WriteBack): Promise<RecordedRun> {
    return this.record([], order);
  }

  private async record(plan: Plan, writeBack?: WriteBack): Promise<RecordedRun> {
    const { volumes, subject } = this.loaded.scenario;
    const empty = { base: emptyTree(volumes), trace: [] };
    const { onDisk, program = [] } = subject;
    const before: ProgramRun =
      onDisk === undefined
        ? { recording: empty, firings: [], callsEnd: 0 }
        : await this.host.run(onDisk, empty, [], 'data-first');
    const conversation = { kind: 'lines', settled: [] } as const;
    if (before.endedEarly !== undefined) return { ...before, conversation, exploredUpTo: -1 };
    const start = { base: liveTree(before.recording), trace: [] };
    const ran = await this.host.run(program, start, [...failures(program), ...plan], writeBack);
    return { ...ran, conversation, exploredUpTo: ran.callsEnd - 1 };
  }

  reopen(): Promise<RecordedRun> {
    return this.notKilled();
  }

  nested(_earlier: RecordedRun, _state: CrashState): Promise<RecordedRun> {
    return this.notKilled();
  }

  cycle(): Promise<RecordedRun> {
    return this.notKilled();
  }

  abort(): Promise<void> {
    return this.host.abort();
  }

  close(): Promise<void> {
    return this.host.close();
  }

  private async notKilled(): Promise<never> {
    throw new Error(
      `${this.loaded.scenario.name} is a litmus program: it is not killed, and has no recovery`,
    );
  }
}

/** The barriers that the disk is to fail, counted as a plan counts them. */
function failures(program: Program): Plan {
  let barriers = 0;
  return program.flatMap((step): Plan => {
    const isBarrier = ['fsync', 'fdatasync', 'fsyncdir', 'store'].includes(step.op);
    if (isBarrier || (step.op === 'write' && step.sync !== undefined)) barriers += 1;
    return 'fails' in step && step.fails ? [{ operation: 'sync', nth: barriers, fault: 'fsync-error' }] : [];
  });
}
