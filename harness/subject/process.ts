import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from './command.ts';
import { killStragglers, markVariable, signalGroup, startTimeOf } from './stragglers.ts';
import { Tail } from './tail.ts';

/** The one place where powercut starts a subject's processes. Each leads its own process group and dies with all of it. */
export interface ProcessOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Added to powercut's own environment. */
  readonly environment: Environment;
  /** Pin it, and what it starts, to this CPU (from 0) with `taskset`. */
  readonly cpu?: number;
  readonly input: 'pipe' | 'empty';
  /** Raw stdout, as it comes. */
  readonly onOutput: (chunk: Buffer) => void;
}

/** `stragglers`: how many processes it left behind when it ended by itself, all gone now. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly stragglers: number }
  | { readonly kind: 'killed'; readonly signal: string };

export interface RunningProcess {
  /** The pid of the process and of its group. */
  readonly processGroup: number;
  /** To stdin. What a dead process no longer reads is dropped. */
  write(text: string): void;
  /** The last 8 KiB. */
  stderr(): string;
  /** Settles when it has ended, all its output has come and none of its descendants is left. */
  readonly ended: Promise<ProcessEnd>;
  /** SIGKILL to the group, then as `ended`. Safe to call again. A container ends in the `way` that is asked. */
  kill(way?: Ending): Promise<ProcessEnd>;
}

/**
 * How a container is ended: SIGKILL; SIGTERM, and SIGKILL where that does not end it in time; or SIGKILL while all its
 * processes are paused.
 */
export type Ending = 'kill' | 'stop' | 'pause';

/** Starts a process, here or in a container. Rejects with a {@link ProcessStartError} where the program cannot be started. */
export type StartProcess = (options: ProcessOptions) => Promise<RunningProcess>;

/** The message says which program, where, and what to check. */
export class ProcessStartError extends Error {
  override readonly name = 'ProcessStartError';
}

const stderrBytesMax = 8192;
const running = new Set<number>();
let started = 0;

process.on('exit', () => {
  for (const group of running) signalGroup(group);
});

/** Rejects with a {@link ProcessStartError} where the program cannot be started. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const mark = `${process.pid}.${++started}`;
  const child = spawnChild(options, mark);
  const { pid, stdout, stderr, stdin } = child;
  if (pid === undefined || stdout === null || stderr === null) {
    const [cause] = await once(child, 'error');
    throw new ProcessStartError(explainStart(options, cause));
  }
  running.add(pid);
  const tail = new Tail(stderrBytesMax);
  stdout.on('data', options.onOutput);
  stderr.on('data', (chunk: Buffer) => tail.add(chunk));
  // EPIPE: it ended without reading. How it ended is told by `ended`.
  stdin?.on('error', () => {});
  const ended = waitForEnd(child, pid, mark);
  // Whoever asks gets the rejection; nobody has to.
  ended.catch(() => {});
  return {
    processGroup: pid,
    ended,
    write: (text) => void stdin?.write(text),
    stderr: () => tail.text(),
    kill() {
      if (running.has(pid)) signalGroup(pid);
      return ended;
    },
  };
}

function spawnChild(options: ProcessOptions, mark: string): ChildProcess {
  const pinned =
    options.cpu === undefined ? options.command : ['taskset', '-c', String(options.cpu), ...options.command];
  const [program = '', ...programArguments] = pinned;
  return spawn(program, programArguments, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment, [markVariable]: mark },
    detached: true,
    stdio: [options.input === 'pipe' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
}

async function waitForEnd(child: ChildProcess, pid: number, mark: string): Promise<ProcessEnd> {
  const startedAt = performance.now();
  const startTime = startTimeOf(pid);
  const closed = once(child, 'close');
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  try {
    // Only now: a straggler may hold stdout open, and `close` would never come.
    const livedMs = performance.now() - startedAt;
    const stragglers = await killStragglers({ leader: pid, mark, startTime, livedMs });
    if (!(await comesWithin(lastWordsMs, closed))) throw new Error(explainHolder(child.spawnfile));
    return code === null
      ? { kind: 'killed', signal: signal ?? 'an unknown signal' }
      : { kind: 'exited', code, stragglers };
  } finally {
    running.delete(pid);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  }
}

/** What an ended process wrote is there already; this is for a machine that has much else to do. */
const lastWordsMs = 1000;

async function comesWithin(ms: number, event: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const overdue = sleep(ms, undefined, { signal: timer.signal })
    // This process may have been busy all that time: one turn to read what lies there, and one to learn that it was the end.
    .then(() => nextTurn())
    .then(() => nextTurn(false));
  const came = await Promise.race([event.then(() => true), overdue]);
  timer.abort();
  return came;
}

function explainHolder(program: string): string {
  return `${program} ended, and something that it had started still holds its output, outside its process group and without its environment: end that first, or wait for it`;
}

function explainStart(options: ProcessOptions, cause: unknown): string {
  const program = options.command[0] ?? '';
  if (!existsSync(options.cwd))
    return `cannot start ${program}: its working directory ${options.cwd} is not there`;
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (options.cpu !== undefined)
    return `cannot start taskset, which pins ${program} to CPU ${options.cpu} (${detail}): install util-linux`;
  const advice = detail.includes('EACCES')
    ? 'make it executable (chmod +x), or name its interpreter first'
    : 'check its path: one that starts with ./ or ../ is from the scenario file, any other from PATH';
  return `cannot start ${program} (${detail}): ${advice}`;
}

/** `exit 3`, `killed by SIGSEGV`. */
export function renderEnd(end: ProcessEnd): string {
  return end.kind === 'exited' ? `exit ${end.code}` : `killed by ${end.signal}`;
}
