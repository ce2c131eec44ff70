import type { Place } from '../../src/faults/layer.ts';
import type { Ending } from '../subject/process.ts';
import { type Subject, SubjectFailure, type SubjectHello } from '../subject/subject.ts';

export interface Connected {
  readonly subject: Subject;
  readonly hello: SubjectHello;
}

/** Starts a subject in a place. */
export type StartSubject = (place: Place) => Promise<Subject>;

/**
 * Subjects for one place, one after the other. A subject that promises `reopen` is asked again and again; any other
 * starts anew each time, as after a crash.
 */
export class SubjectSource {
  private readonly start: StartSubject;
  private readonly place: Place;
  private current: Connected | undefined;

  constructor(start: StartSubject, place: Place) {
    this.start = start;
    this.place = place;
  }

  /** Rejects with a {@link SubjectFailure} if it does not start or does not say hello. */
  async take(): Promise<Connected> {
    if (this.current?.hello.features.includes('reopen') === true) return this.current;
    await this.discard();
    const subject = await this.start(this.place);
    try {
      this.current = { subject, hello: await greet(subject) };
      return this.current;
    } catch (error) {
      await subject.kill();
      throw error;
    }
  }

  /** Ends the current subject: the next `take` starts a new one. */
  async discard(way?: Ending): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.subject.kill(way);
  }

  stderr(): string {
    return this.current?.subject.stderr() ?? '';
  }

  close(): Promise<void> {
    return this.discard();
  }
}

async function greet(subject: Subject): Promise<SubjectHello> {
  const reply = await subject.request({ op: 'hello', protocol: 1 });
  if (!reply.ok) {
    throw new SubjectFailure('nonsense', `hello was refused: ${reply.error.code}: ${reply.error.message}`);
  }
  if (reply.hello === undefined) {
    throw new SubjectFailure('nonsense', 'the answer to hello lacks model, name, version and features');
  }
  return reply.hello;
}
