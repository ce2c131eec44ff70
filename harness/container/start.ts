import { constants } from 'node:os';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import {
  type Ending,
  type ProcessEnd,
  type ProcessOptions,
  ProcessStartError,
  type RunningProcess,
} from '../subject/process.ts';
import { Tail } from '../subject/tail.ts';
import { type ContainerHost, createContainer } from './create.ts';
import { messageOf, statusOf } from './engine.ts';
import { keepLog } from './log.ts';
import { removeContainer } from './owner.ts';

/** Starts a subject's program as the first process of a container: when it ends, the kernel ends all others there. */
export async function startInContainer(
  host: ContainerHost,
  options: ProcessOptions,
): Promise<RunningProcess> {
  const container = await createContainer(host, options);
  try {
    const stream = await container.attach({
      stream: true,
      hijack: true,
      stdin: options.input === 'pipe',
      stdout: true,
      stderr: true,
    });
    const output = splitOutput(host.docker, stream, options.onOutput);
    const removed = container.wait({ condition: 'removed' });
    // Whoever waits is told; a start that fails is told below.
    removed.catch(() => {});
    await container.start();
    const pid = await pidOf(container);
    const ended = waitForEnd(removed, output.closed);
    let isAsked = false;
    // Whoever asks gets the rejection; nobody has to.
    ended.then(
      (how) => keepLog(host, options, { id: container.id, how, isAsked, text: output.log.text() }),
      () => {},
    );
    return {
      processGroup: pid,
      ended,
      write: (text) => void stream.write(text),
      stderr: () => output.log.text(stderrBytesMax),
      kill(way = 'kill') {
        isAsked = true;
        const { stopSeconds } = host.settings;
        const killed = end(container, way, stopSeconds).then(() => ended);
        return within(goneWithinSeconds + stopSeconds, killed, container.id);
      },
    };
  } catch (error) {
    // Where that fails, too, its owner's keeper removes it.
    await removeContainer(host.docker, container.id).catch(() => {});
    throw explainStart(host, options, error);
  }
}

const stderrBytesMax = 8192;
const logBytesMax = 1024 * 1024;

/** stdout goes to `onOutput`, the last of stderr into `log`. */
function splitOutput(docker: Docker, stream: NodeJS.ReadWriteStream, onOutput: (chunk: Buffer) => void) {
  const log = new Tail(logBytesMax);
  docker.modem.demuxStream(
    stream,
    sink(onOutput),
    sink((chunk) => log.add(chunk)),
  );
  // EPIPE: it ended without reading. How it ended is told by `ended`.
  stream.on('error', () => {});
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  return { log, closed };
}

function sink(take: (chunk: Buffer) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk);
      done();
    },
  });
}

async function waitForEnd(
  removed: Promise<{ StatusCode: number }>,
  closed: Promise<unknown>,
): Promise<ProcessEnd> {
  const { StatusCode: code } = await removed;
  await closed;
  const signal = signalOf(code);
  return signal === undefined ? { kind: 'exited', code, stragglers: 0 } : { kind: 'killed', signal };
}

/** The engine answers 128 and its number for a first process that a signal killed. */
function signalOf(code: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

/** How long a container stays paused before it is killed as it is. */
const pausedMs = 50;

/** What is ended already is left alone. */
async function end(container: Docker.Container, way: Ending, stopSeconds: number): Promise<void> {
  try {
    if (way === 'stop') await container.stop({ t: stopSeconds });
    if (way === 'pause') {
      await container.pause();
      await sleep(pausedMs);
    }
    if (way !== 'stop') await container.kill({ signal: 'SIGKILL' });
  } catch (error) {
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
  }
}

const goneWithinSeconds = 60;

/** The end, or an error where it does not come. */
async function within(seconds: number, ended: Promise<ProcessEnd>, id: string): Promise<ProcessEnd> {
  const patience = new AbortController();
  const late = sleep(seconds * 1000, undefined, { signal: patience.signal }).then(
    () => {
      throw new Error(`the Docker engine did not end container ${id} within ${seconds} s: look into its log`);
    },
    () => ended,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    patience.abort();
  }
}

/** The pid of its first process, which leads its process group; 0 where that is over already. */
async function pidOf(container: Docker.Container): Promise<number> {
  try {
    return (await container.inspect()).State.Pid;
  } catch (error) {
    if (statusOf(error) === 404) return 0;
    throw error;
  }
}

function explainStart({ image }: ContainerHost, { command }: ProcessOptions, error: unknown): Error {
  const status = statusOf(error);
  if (status === undefined) return error instanceof Error ? error : new Error(String(error));
  return new ProcessStartError(
    `cannot start ${command[0]} in a container of ${image} (${messageOf(error)}): check that the image has it, or that it lies in the scenario's directory`,
  );
}
