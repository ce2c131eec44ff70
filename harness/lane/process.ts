import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LayerName } from '../../src/faults/layer.ts';
import { programPath } from '../../src/program.ts';
import type { LoadedScenario } from '../scenario.ts';
import type { FromLane, LaneCall, LaneCalls, LaneError, ToLane } from './protocol.ts';

/**
 * Where a lane's mounts are. `private`: in mount and pid namespaces of its own, as a layer wants it that mounts. `shared`: in
 * those that powercut was started in, where a Docker engine sees them. `none`: there are no mounts.
 */
export type LaneNamespaces = 'private' | 'shared' | 'none';

/** Where a lane's mounts have to be for this subject on this layer. */
export function namespacesFor(layer: LayerName, { container }: LoadedScenario): LaneNamespaces {
  if (layer === 'sim') return 'none';
  return container === undefined ? 'private' : 'shared';
}

export interface LaneProcessOptions {
  readonly namespaces: LaneNamespaces;
  readonly cpu: number;
  readonly onJudged: (count: number) => void;
}

/** A lane's process died or failed in a way that is powercut's own fault. */
export class LaneFailure extends Error {
  override readonly name = 'LaneFailure';
}

/** The main process's end of a lane. One call at a time. */
export class LaneProcess {
  private readonly child: ChildProcess;
  private readonly onJudged: (count: number) => void;
  private readonly waiting = new Map<
    number,
    { resolve: (answer: unknown) => void; reject: (error: Error) => void }
  >();
  private readonly gone: Promise<void>;
  /** Why it answers nothing any more. */
  private end: LaneFailure | undefined;
  private stderr = '';
  private lastId = 0;

  constructor(options: LaneProcessOptions) {
    this.onJudged = options.onJudged;
    const [program = '', ...parameters] = laneCommand(options);
    this.child = spawn(program, parameters, {
      // Its own process group: Ctrl-C in a terminal reaches the main process only.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: {
        ...process.env,
        POWERCUT_LANE_NAMESPACES: options.namespaces,
        POWERCUT_LANE_CPU: String(options.cpu),
      },
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-8192);
    });
    this.child.on('message', (message: FromLane) => this.receive(message));
    this.gone = new Promise((resolve) => {
      this.child.on('error', (error) => this.fail(`a lane could not be started: ${error.message}`, resolve));
      // Not `close`: Node does not emit it for a child whose channel was disconnected first.
      this.child.on('exit', async (code, signal) => {
        await this.lastWords();
        this.fail(`a lane ended with ${signal ?? `exit ${code}`}`, resolve);
      });
    });
  }

  call<Call extends LaneCall>(call: Call, ask: LaneCalls[Call]['ask']): Promise<LaneCalls[Call]['answer']> {
    if (this.end !== undefined) return Promise.reject(this.end);
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (answer) => resolve(answer as LaneCalls[Call]['answer']), reject });
      this.send({ kind: 'call', id, call, ask });
    });
  }

  stop(): void {
    this.send({ kind: 'stop' });
  }

  /** Ends the process, its descendants and its mounts. */
  async close(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const patience = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await this.gone;
    clearTimeout(patience);
  }

  /** Where nobody listens any more, its end follows and fails whoever waits: an error of the channel tells less. */
  private send(message: ToLane): void {
    if (this.child.connected) this.child.send(message, () => {});
  }

  /** What it wrote may come later than the news of its end; a process that it left behind may hold the pipe open. */
  private async lastWords(): Promise<void> {
    const { stderr } = this.child;
    if (stderr === null || stderr.closed) return;
    await Promise.race([once(stderr, 'close'), sleep(lastWordsMs)]);
  }

  private receive(message: FromLane): void {
    if (message.kind === 'judged') {
      this.onJudged(message.count);
      return;
    }
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.answer);
    else waiting?.reject(revive(message.error));
  }

  private fail(reason: string, done: () => void): void {
    const said = this.stderr.trim() === '' ? '' : `; it said:\n${this.stderr.trim()}`;
    this.end ??= new LaneFailure(`${reason}${said}`);
    for (const { reject } of this.waiting.values()) reject(this.end);
    this.waiting.clear();
    done();
  }
}

const lastWordsMs = 500;

/** A subject's failure stays one; anything else is powercut's own. */
function revive(error: LaneError): Error {
  const revived = new LaneFailure(error.message);
  if (error.stack !== undefined) revived.stack = error.stack;
  return Object.assign(revived, { cause: error.name });
}

/** Images live for one judgement: a young generation that holds many of them is collected seldom and finds little alive. */
const nodeFlags = ['--max-semi-space-size=64'];

/**
 * `unshare` gives the lane a pid namespace, whose end the kernel makes the end of every process in it, and a mount
 * namespace, so that no mount is seen or left outside. The shell is that namespace's first process: it reaps what a
 * subject leaves behind.
 */
function laneCommand({ namespaces, cpu }: LaneProcessOptions): string[] {
  const program = [process.execPath, ...nodeFlags, programPath('harness/lane/program')];
  if (namespaces === 'none') return program;
  const pinned = ['taskset', '-c', String(cpu), ...program];
  if (namespaces === 'shared') return pinned;
  const flags = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return ['unshare', ...flags, 'sh', '-c', '"$@"; exit $?', 'sh', ...pinned];
}
