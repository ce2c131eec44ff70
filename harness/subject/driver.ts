import type { Place } from '../../src/faults/layer.ts';
import { type Environment, placeDirectories, volumeVariables } from './command.ts';
import { Deadline, type Waiting } from './deadline.ts';
import { LineSplitter } from './lines.ts';
import {
  type Ending,
  ProcessStartError,
  type RunningProcess,
  renderEnd,
  type StartProcess,
  startProcess,
} from './process.ts';
import {
  type ScannedItem,
  type Subject,
  SubjectFailure,
  type SubjectFailureReason,
  type SubjectReply,
  type SubjectRequest,
} from './subject.ts';
import { decodeAnswer, decodeLine, encodeRequest, NonsenseError } from './wire.ts';

export interface DriverOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Environment;
  /** Must be of directories. */
  readonly place: Place;
  /** For each reply. */
  readonly timeoutMs: number;
  readonly cpu?: number;
  /** Where it runs: a process of this machine where absent. */
  readonly start?: StartProcess;
}

const lineBytesMax = 64 * 1024 * 1024;
const scanBytesMax = 256 * 1024 * 1024;
/** How many answered ids are remembered, to tell a second answer from an unknown id. */
const answeredMax = 1000;

/** Starts a driver process. `hello` is the caller's to ask. Rejects with a {@link SubjectFailure} (`did-not-start`). */
export async function startDriver(options: DriverOptions): Promise<Subject> {
  const directories = placeDirectories(options.place);
  const ackFile = options.place.kind === 'directories' ? options.place.ackFile : undefined;
  const driver = new Driver(options);
  const { start = startProcess } = options;
  try {
    driver.run(
      await start({
        command: options.command,
        cwd: options.cwd,
        environment: {
          ...options.environment,
          ...volumeVariables(directories),
          ...(ackFile !== undefined && { POWERCUT_ACK: ackFile }),
        },
        ...(options.cpu !== undefined && { cpu: options.cpu }),
        input: 'pipe',
        onOutput: (chunk) => driver.receive(chunk),
      }),
    );
  } catch (error) {
    if (error instanceof ProcessStartError) throw new SubjectFailure('did-not-start', error.message);
    throw error;
  }
  return driver;
}

interface Pending extends Waiting {
  readonly resolve: (reply: SubjectReply) => void;
  readonly reject: (error: Error) => void;
  items: ScannedItem[];
  itemBytes: number;
}

class Driver implements Subject {
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #lines = new LineSplitter(lineBytesMax);
  readonly #pending = new Map<string, Pending>();
  readonly #answered = new Set<string>();
  readonly #deadline: Deadline;
  #process: RunningProcess | undefined;
  #failure: SubjectFailure | undefined;
  #asked = 0;

  constructor(options: DriverOptions) {
    this.#name = options.command.join(' ');
    this.#timeoutMs = options.timeoutMs;
    this.#deadline = new Deadline(
      options.timeoutMs,
      () => this.#oldest(),
      (waiting) => this.#fail('hung', `no reply to ${name(waiting)} within ${this.#timeoutMs / 1000} s`),
    );
  }

  run(process: RunningProcess): void {
    this.#process = process;
    process.ended.then(
      (end) => this.#ended(renderEnd(end)),
      (error: Error) => this.#ended(error.message),
    );
  }

  get processGroup(): number {
    return this.#running().processGroup;
  }

  request(request: SubjectRequest, id = `q${++this.#asked}`): Promise<SubjectReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#pending.has(id)) return Promise.reject(new Error(`the request id ${id} is in use`));
    return new Promise((resolve, reject) => {
      const issuedAtMs = performance.now();
      this.#pending.set(id, { request, id, issuedAtMs, resolve, reject, items: [], itemBytes: 0 });
      this.#deadline.watch();
      this.#running().write(encodeRequest(id, request));
    });
  }

  receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    const lines = this.#lines.feed(chunk);
    if (lines === undefined) {
      this.#fail('flooded', `a line of more than ${lineBytesMax} bytes, where one JSON object was expected`);
      return;
    }
    for (const line of lines) {
      if (this.#failure === undefined) this.#receiveLine(line);
    }
  }

  #receiveLine(line: string): void {
    try {
      this.#dispatch(line);
    } catch (error) {
      if (!(error instanceof NonsenseError)) throw error;
      this.#fail('nonsense', `expected ${error.message}; got ${excerpt(line)}`);
    }
  }

  #dispatch(line: string): void {
    const reply = decodeLine(line);
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) throw new NonsenseError(this.#expectation(reply.id));
    switch (reply.kind) {
      case 'item':
        if (pending.request.op !== 'scan') throw new NonsenseError(`no items for ${name(pending)}`);
        pending.items.push(reply.item);
        pending.itemBytes += reply.bytes;
        if (pending.itemBytes > scanBytesMax)
          this.#fail('flooded', `more than ${scanBytesMax} bytes of items for ${name(pending)}`);
        return;
      case 'answer': {
        const answer = decodeAnswer(pending.request, reply.fields, pending.items);
        this.#settle(pending);
        pending.resolve(answer);
        return;
      }
      case 'refusal':
        this.#settle(pending);
        pending.resolve({ ok: false, error: reply.error });
    }
  }

  #settle(pending: Pending): void {
    this.#pending.delete(pending.id);
    this.#answered.add(pending.id);
    if (this.#answered.size <= answeredMax) return;
    for (const oldest of this.#answered) {
      this.#answered.delete(oldest);
      break;
    }
  }

  #expectation(id: string): string {
    if (this.#answered.has(id)) return `one reply to request ${id}, and it was answered already`;
    const waiting = [...this.#pending.keys()];
    return waiting.length === 0
      ? 'nothing: no request was waiting'
      : `the id of a waiting request (${waiting.slice(0, 5).join(', ')})`;
  }

  stderr(): string {
    return this.#process?.stderr() ?? '';
  }

  async kill(way?: Ending): Promise<void> {
    await this.#running().kill(way);
  }

  #running(): RunningProcess {
    if (this.#process === undefined) throw new Error('the driver was not started');
    return this.#process;
  }

  #oldest(): Pending | undefined {
    for (const pending of this.#pending.values()) return pending;
    return undefined;
  }

  /** Its process is gone. Where it was not powercut that found fault with it first, that itself is the failure. */
  #ended(how: string): void {
    const waiting = this.#oldest();
    const when = waiting === undefined ? 'while no request was waiting' : `with ${name(waiting)} unanswered`;
    const rest = this.#lines.rest();
    const partial = rest === '' ? '' : `, after an unfinished line ${excerpt(rest)}`;
    const reason = this.#answered.size === 0 ? 'did-not-start' : 'died';
    this.#failure ??= this.#describe(reason, `it ended (${how}) ${when}${partial}`);
    this.#deadline.stop();
    for (const pending of this.#pending.values()) pending.reject(this.#failure);
    this.#pending.clear();
  }

  /** The requests are told when the process is gone. */
  #fail(reason: SubjectFailureReason, what: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = this.#describe(reason, what);
    void this.#running().kill();
  }

  #describe(reason: SubjectFailureReason, what: string): SubjectFailure {
    const lastWords = this.stderr().trimEnd().split('\n').slice(-3).join('\n');
    const stderr = lastWords === '' ? '' : `\nlast lines of its stderr:\n${lastWords}`;
    return new SubjectFailure(reason, `driver ${this.#name}: ${what}${stderr}`);
  }
}

function name(waiting: Waiting): string {
  return `${waiting.request.op} (id ${waiting.id})`;
}

/** At most 200 characters of a line, quoted. */
function excerpt(line: string): string {
  return line.length > 200
    ? `${JSON.stringify(line.slice(0, 200))} and ${line.length - 200} more`
    : JSON.stringify(line);
}
