import { pathToFileURL } from 'node:url';
import type { Place } from '../../src/faults/layer.ts';
import { Deadline, type Waiting } from './deadline.ts';
import {
  type CreateSubject,
  type Subject,
  SubjectFailure,
  type SubjectReply,
  type SubjectRequest,
} from './subject.ts';

/** Loads a module's `createSubject`. `path` is absolute. Rejects with a {@link SubjectFailure} (`did-not-start`). */
export async function loadSubjectModule(path: string): Promise<CreateSubject> {
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new SubjectFailure('did-not-start', `cannot load the subject module ${path}: ${text(error)}`);
  }
  const createSubject = module.createSubject;
  if (typeof createSubject !== 'function')
    throw new SubjectFailure(
      'did-not-start',
      `the subject module ${path} exports no function createSubject; it exports: ${Object.keys(module).join(', ') || 'nothing'}`,
    );
  return createSubject as CreateSubject;
}

export interface InProcessOptions {
  readonly createSubject: CreateSubject;
  readonly place: Place;
  /** For each reply. */
  readonly timeoutMs: number;
}

/** Makes a subject in this process fail as a driver does: what it throws is its death, an answer that stays out a hang. */
export async function startInProcess(options: InProcessOptions): Promise<Subject> {
  try {
    return new InProcessSubject(await options.createSubject(options.place), options.timeoutMs);
  } catch (error) {
    throw new SubjectFailure('did-not-start', `createSubject threw: ${text(error)}`);
  }
}

interface Pending extends Waiting {
  readonly reject: (error: Error) => void;
}

class InProcessSubject implements Subject {
  readonly #subject: Subject;
  readonly #pending = new Set<Pending>();
  readonly #deadline: Deadline;
  #failure: SubjectFailure | undefined;
  #asked = 0;

  constructor(subject: Subject, timeoutMs: number) {
    this.#subject = subject;
    this.#deadline = new Deadline(
      timeoutMs,
      () => this.#oldest(),
      ({ request }) =>
        this.#fail(
          new SubjectFailure('hung', `the subject did not answer ${request.op} within ${timeoutMs / 1000} s`),
        ),
    );
  }

  request(request: SubjectRequest, id = `q${++this.#asked}`): Promise<SubjectReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const pending = { request, id, issuedAtMs: performance.now(), reject };
      this.#pending.add(pending);
      this.#deadline.watch();
      this.#ask(request, id).then(
        (reply) => {
          this.#pending.delete(pending);
          resolve(reply);
        },
        (error: unknown) =>
          this.#fail(
            error instanceof SubjectFailure
              ? error
              : new SubjectFailure('died', `the subject threw at ${request.op}: ${text(error)}`),
          ),
      );
    });
  }

  /** What it throws before it answers a promise becomes a rejection too. */
  async #ask(request: SubjectRequest, id: string): Promise<SubjectReply> {
    return this.#subject.request(request, id);
  }

  stderr(): string {
    return this.#subject.stderr();
  }

  async kill(): Promise<void> {
    this.#fail(new SubjectFailure('died', 'the subject was killed'));
    await this.#subject.kill();
  }

  #oldest(): Pending | undefined {
    for (const pending of this.#pending) return pending;
    return undefined;
  }

  #fail(failure: SubjectFailure): void {
    this.#failure ??= failure;
    this.#deadline.stop();
    for (const pending of this.#pending) pending.reject(this.#failure);
    this.#pending.clear();
  }
}

/** With the stack where there is one: it is the only trace of a bug in the module. */
function text(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
