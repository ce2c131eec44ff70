import { createServer, type Server, type Socket } from 'node:net';
import type { Firing } from '../plan.ts';
import { namePattern } from '../volume/wildcards.ts';
import type { DiskRequest, DiskResult } from './disk-requests.ts';
import { Firings } from './firings.ts';
import { readLines } from './lines.ts';
import {
  ControlError,
  type ControlRequest,
  type Hello,
  lineBytesMax,
  parseRequest,
  type RequestOf,
} from './requests.ts';

/** What the socket speaks for. */
export interface ControlHost {
  readonly hello: Hello;
  /** Rejects with a {@link ControlError}. */
  control<Request extends DiskRequest>(request: Request): Promise<DiskResult<Request['op']>>;
  /** The seed of a power cut that names none: another one each time. */
  nextSeed(): number;
}

/** Of struct sockaddr_un on Linux, without its end. */
const pathBytesMax = 107;

/** Serves the control socket of docs/fault-control.md: any number of clients, each with any number of requests at a time. */
export class ControlServer {
  readonly #host: ControlHost;
  readonly #server: Server;
  readonly #firings = new Firings();
  readonly #connections = new Set<Socket>();

  /** Listens at `path`, a file that must not be there yet and is for its owner alone. Rejects with a {@link ControlError}. */
  static async listen(path: string, host: ControlHost): Promise<ControlServer> {
    // A longer one would be cut off without a word.
    if (Buffer.byteLength(path) > pathBytesMax)
      throw new ControlError('invalid', `a socket's path has at most ${pathBytesMax} bytes, unlike ${path}`);
    const server = createServer();
    const before = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(path, resolve);
      });
    } catch (error) {
      throw new ControlError('invalid', `there cannot be a control socket at ${path}: ${reasonOf(error)}`);
    } finally {
      process.umask(before);
    }
    return new ControlServer(server, host);
  }

  private constructor(server: Server, host: ControlHost) {
    this.#server = server;
    this.#host = host;
    server.on('connection', (socket) => this.#serve(socket));
  }

  /** A fault fired: those who wait are told. */
  fired(firing: Firing): void {
    this.#firings.add(firing);
  }

  /** Hangs up. The file goes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    const gone = new AbortController();
    this.#connections.add(socket);
    socket.on('error', () => {
      // The client went away; 'close' follows.
    });
    socket.on('close', () => {
      this.#connections.delete(socket);
      gone.abort();
    });
    const send = (reply: object) => socket.write(`${JSON.stringify(reply)}\n`);
    readLines(socket, lineBytesMax, (line) => {
      void this.#answer(line, send, gone.signal).then(send);
    });
  }

  async #answer(line: string | undefined, send: (reply: object) => void, gone: AbortSignal): Promise<object> {
    let id: unknown;
    try {
      if (line === undefined)
        throw new ControlError('invalid', `a request has at most ${lineBytesMax} bytes`);
      const { id: given, ...fields } = objectIn(line);
      if (typeof given !== 'string' && typeof given !== 'number')
        throw new ControlError('invalid', 'a request has an id, a string or a number');
      id = given;
      const request = parseRequest(fields);
      const result = await this.#carryOut(request, (firing) => send({ id, firing }), gone);
      return { id, ok: true, result };
    } catch (error) {
      const code = error instanceof ControlError ? error.code : 'failed';
      const message = error instanceof Error ? error.message : String(error);
      return { id: id ?? null, ok: false, error: { code, message } };
    }
  }

  async #carryOut(
    request: ControlRequest,
    tell: (firing: Firing) => void,
    gone: AbortSignal,
  ): Promise<unknown> {
    const { hello } = this.#host;
    switch (request.op) {
      case 'hello':
        return hello;
      case 'await':
        return this.#await(request, gone);
      case 'watch':
        gone.addEventListener('abort', this.#firings.watch(tell));
        return null;
      case 'power-cut': {
        const { profile = hello.profile, seed = this.#host.nextSeed() } = request;
        return this.#host.control({ ...request, profile, seed });
      }
      case 'pending':
        return this.#host.control({ ...request, profile: request.profile ?? hello.profile });
      default:
        return this.#host.control(request);
    }
  }

  async #await({ pattern, times, next, timeoutMs }: RequestOf<'await'>, gone: AbortSignal): Promise<Firing> {
    const fired = async () => {
      const rules = await this.#host.control({ op: 'list', pattern });
      return rules.reduce((sum, rule) => sum + rule.fired, 0);
    };
    const wanted = times + (next ? await fired() : 0);
    const isEnough = async () => (await fired()) >= wanted;
    const firing = await this.#firings.waitUntil(isEnough, { pattern, timeoutMs, signal: gone });
    if (firing !== undefined) return firing;
    const rules = await this.#host.control({ op: 'list', pattern: '*' });
    const meant = rules.filter(({ id }) => namePattern(pattern).test(id));
    const why =
      meant.length === 0
        ? `no rule in place has an id like ${pattern}`
        : meant
            .map(({ id, why: reason, fired: count }) => `rule ${id}: ${reason ?? `fired ${count} times`}`)
            .join('; ');
    throw new ControlError('timeout', `waited ${timeoutMs / 1000} s in vain: ${why}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE'
    ? 'there is something already (remove it, if nobody listens there any more)'
    : message;
}

function objectIn(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new ControlError('invalid', 'a request is one JSON object on a line');
}
