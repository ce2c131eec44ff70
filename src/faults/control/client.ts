import { connect, type Socket } from 'node:net';
import type { Firing } from '../plan.ts';
import { readLines } from './lines.ts';
import { ControlError, type OperationName, type RequestInput, type Results } from './requests.ts';

/** Replies are as long as there are rules and operations to list. */
const replyBytesMax = 1 << 28;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onFiring: ((firing: Firing) => void) | undefined;
}

/** One connection to a control socket (docs/fault-control.md). */
export class ControlClient {
  /** Settles when the other side has hung up, or {@link ControlClient.close} was called. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;

  /** Rejects as connect(2) does where nobody listens. */
  static async connect(path: string): Promise<ControlClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('connect', resolve);
    });
    return new ControlClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.gone = new Promise((resolve) => {
      socket.on('close', () => {
        const gone = new ControlError('failed', 'the mount is gone');
        for (const { reject } of this.#waiting.values()) reject(gone);
        this.#waiting.clear();
        resolve();
      });
    });
    socket.on('error', () => {
      // 'close' follows.
    });
    readLines(socket, replyBytesMax, (line) => this.#take(line));
  }

  /** Rejects with a {@link ControlError}. `onFiring`: for `watch`, told of each until the connection ends. */
  request<Op extends OperationName>(
    request: Extract<RequestInput, { readonly op: Op }>,
    onFiring?: (firing: Firing) => void,
  ): Promise<Results[Op]> {
    if (this.#socket.destroyed) return Promise.reject(new ControlError('failed', 'the mount is gone'));
    const id = this.#next++;
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onFiring });
    });
    this.#socket.write(`${JSON.stringify({ id, ...request })}\n`);
    return reply as Promise<Results[Op]>;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string | undefined): void {
    const reply = JSON.parse(line ?? 'null');
    const waiting = this.#waiting.get(reply?.id);
    if (waiting === undefined) return;
    if (reply.firing !== undefined) {
      waiting.onFiring?.(reply.firing);
      return;
    }
    if (waiting.onFiring === undefined || reply.ok !== true) this.#waiting.delete(reply.id);
    if (reply.ok === true) waiting.resolve(reply.result);
    else waiting.reject(new ControlError(reply.error.code, reply.error.message));
  }
}
