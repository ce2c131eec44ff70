import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultLayer, MountFailure } from '../../src/faults/layer.ts';
import { takeApart } from '../../src/faults/model/effects.ts';
import { buildImage, type CrashState } from '../../src/faults/model/image.ts';
import { liveTree, type Recording } from '../../src/faults/model/recording.ts';
import { emptyTree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import { acknowledgedBefore, linesAt, type NumberedStep, type RecordedRun } from '../recorded-run.ts';
import type { LoadedScenario } from '../scenario.ts';
import { placeDirectories, resolveCommand } from '../subject/command.ts';
import { type CommandEnd, runWorkload, workloadOutputMax } from '../subject/command-pair.ts';
import { renderEnd, type StartProcess } from '../subject/process.ts';
import { SubjectFailure, type SubjectHello } from '../subject/subject.ts';
import type { CycleOrder, Recorder } from './recorder.ts';

interface Program {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly linesArePromises: boolean;
  readonly mustSucceed: boolean;
  readonly settled: readonly string[];
}

/** Runs a command pair's programs. `scratch` is a directory outside the volumes. */
export class CommandRecorder implements Recorder {
  private readonly loaded: LoadedScenario;
  private readonly layer: FaultLayer;
  private readonly scratch: string;
  private readonly start: StartProcess | undefined;
  private base: Recording['base'] | undefined;
  private running: AbortController | undefined;

  constructor(loaded: LoadedScenario, layer: FaultLayer, scratch: string, start?: StartProcess) {
    this.loaded = loaded;
    this.layer = layer;
    this.scratch = scratch;
    this.start = start;
  }

  async workload(_steps: readonly NumberedStep[], plan: Plan): Promise<RecordedRun> {
    this.base ??= await this.prepare();
    const command = this.loaded.scenario.subject.workload ?? [];
    const program = {
      command,
      environment: this.ackFile(),
      linesArePromises: true,
      mustSucceed: plan.length === 0,
      settled: [],
    };
    return this.run({ base: this.base, trace: [] }, plan, program);
  }

  reopen(earlier: RecordedRun, killPoint: number): Promise<RecordedRun> {
    const trace = [...earlier.recording.trace.slice(0, killPoint), { kind: 'process-crash' as const }];
    const acked = acknowledgedBefore(earlier.recording, killPoint);
    return this.recovery({ base: earlier.recording.base, trace }, [], acked, killPoint);
  }

  nested(earlier: RecordedRun, state: CrashState): Promise<RecordedRun> {
    const base = buildImage(takeApart(earlier.recording), state);
    const settled = linesAt(earlier, state.point);
    return this.recovery({ base, trace: [] }, settled, settled, -1);
  }

  async hello(): Promise<SubjectHello> {
    return { model: 'log', name: this.loaded.scenario.name, version: '', features: [] };
  }

  /** A program cannot be asked to go on: each cycle starts on what `prepare` made. */
  async cycle({ plan, stop }: CycleOrder): Promise<RecordedRun> {
    this.base ??= await this.prepare();
    const command = this.loaded.scenario.subject.workload ?? [];
    const timer = typeof stop === 'object' ? setTimeout(() => void this.abort(), stop.afterMs) : undefined;
    const run = await this.run({ base: this.base, trace: [] }, plan, {
      command,
      environment: this.ackFile(),
      linesArePromises: true,
      mustSucceed: false,
      settled: [],
    });
    clearTimeout(timer);
    return run;
  }

  async abort(): Promise<void> {
    this.running?.abort();
  }

  close(): Promise<void> {
    return this.layer.close();
  }

  /** A command pair's volumes are recovered by what its checker starts; that adds no promise. */
  private async recovery(
    start: Recording,
    settled: readonly string[],
    acked: readonly string[],
    exploredUpTo: number,
  ): Promise<RecordedRun> {
    const file = join(this.scratch, 'acked-before-recovery');
    writeFileSync(file, acked.map((line) => `${line}\n`).join(''));
    const run = await this.run(start, [], {
      command: this.loaded.scenario.subject.checker ?? [],
      environment: { POWERCUT_ACKED: file },
      linesArePromises: false,
      mustSucceed: false,
      settled,
    });
    return { ...run, exploredUpTo };
  }

  private async prepare(): Promise<Recording['base']> {
    const empty = emptyTree(this.loaded.scenario.volumes);
    const { prepare } = this.loaded.scenario.subject;
    if (prepare === undefined) return empty;
    const program = {
      command: prepare,
      environment: {},
      linesArePromises: false,
      mustSucceed: true,
      settled: [],
    };
    const run = await this.run({ base: empty, trace: [] }, [], program);
    if (run.endedEarly !== undefined) throw new SubjectFailure('did-not-start', `prepare: ${run.endedEarly}`);
    return liveTree(run.recording);
  }

  private ackFile(): Readonly<Record<string, string>> {
    const { place } = this.layer;
    return place.kind === 'directories' && place.ackFile !== undefined ? { POWERCUT_ACK: place.ackFile } : {};
  }

  private async run(start: Recording, plan: Plan, program: Program): Promise<RecordedRun> {
    const { subject, explore } = this.loaded.scenario;
    const conversation = { kind: 'lines', settled: program.settled } as const;
    try {
      await this.layer.begin(start, plan);
    } catch (error) {
      if (!(error instanceof MountFailure)) throw error;
      const { recording, firings, rules } = await this.layer.end();
      const planned = plan.length === 0 ? {} : { rules };
      return { recording, firings, ...planned, conversation, exploredUpTo: -1, endedEarly: error.message };
    }
    const promises = new Promises(this.layer);
    this.running = new AbortController();
    const { end, stderr } = await runWorkload({
      command: resolveCommand(program.command, this.loaded.directory),
      directories: placeDirectories(this.layer.place),
      environment: { ...subject.environment, ...program.environment },
      timeoutMs: explore.timeoutSeconds * 1000,
      signal: this.running.signal,
      ...(this.start && { start: this.start }),
      onLine: (line) => {
        if (program.linesArePromises) promises.add(line);
      },
    });
    if (end.kind === 'flooded') promises.drop();
    await promises.added();
    const bad = describeBadEnd(end, stderr);
    const { recording, firings, rules } = await this.layer.end({
      writtenBack: bad === undefined && plan.length === 0,
    });
    return {
      recording,
      firings,
      ...(plan.length === 0 ? {} : { rules }),
      conversation,
      exploredUpTo: -1,
      closed: bad === undefined,
      ...(bad !== undefined && program.mustSucceed ? { endedEarly: bad } : {}),
    };
  }
}

/** Lines on their way into the trace, in order. */
class Promises {
  private readonly layer: FaultLayer;
  private last: Promise<void> = Promise.resolve();
  private dropped = false;

  constructor(layer: FaultLayer) {
    this.layer = layer;
  }

  add(line: string): void {
    this.last = this.last.then(() => (this.dropped ? undefined : this.layer.acknowledge(line)));
    // A layer that failed is told by `added`, once the program has ended.
    this.last.catch(() => {});
  }

  /** Those that are still on their way count for nothing. */
  drop(): void {
    this.dropped = true;
  }

  added(): Promise<void> {
    return this.last;
  }
}

/** Undefined where the program ended with exit 0. */
export function describeBadEnd(end: CommandEnd, stderr: string): string | undefined {
  if (end.kind === 'exited' && end.code === 0) return undefined;
  const said = stderr.trim() === '' ? '' : `; it said: ${stderr.trim().split('\n').at(-1)}`;
  switch (end.kind) {
    case 'exited':
    case 'killed':
      return `the workload ended with ${renderEnd(end)}, exit 0 was expected${said}`;
    case 'did-not-start':
      return end.message;
    case 'flooded': {
      const { bytes, lines } = workloadOutputMax;
      return `the workload printed more than ${lines} lines or ${bytes} bytes; each line is an acknowledgement, and what else it has to say belongs on stderr${said}`;
    }
    case 'hung':
      return `the workload did not end within explore.timeoutSeconds${said}`;
    case 'aborted':
      return `the workload was aborted${said}`;
  }
}
