import type { Program, Step } from './program.ts';

/**
 * The system calls that a litmus program is made of, on one volume. Each throws an error whose `code` is the name of the
 * errno. `Handle` is an open file.
 */
export interface Calls<Handle> {
  open(path: string, how: 'create' | 'existing' | 'unnamed'): Handle;
  /** A file that was opened `unnamed` gets its first name. */
  link(file: Handle, to: string): void;
  /** Answers how many bytes were written. */
  write(file: Handle, data: Buffer, at: number, sync: 'O_SYNC' | 'O_DSYNC' | undefined): number;
  store(file: Handle, data: Buffer, at: number): void;
  truncate(file: Handle, size: number): void;
  allocate(file: Handle, range: Extract<Step, { op: 'allocate' }>): void;
  sync(file: Handle, cause: 'fsync' | 'fdatasync'): void;
  syncDirectory(path: string): void;
  close(file: Handle): void;
  makeDirectory(path: string): void;
  removeDirectory(path: string): void;
  unlink(path: string): void;
  rename(from: string, to: string, exchange: boolean): void;
}

/** Makes the calls one after the other, and closes what is open. Throws where one answers what the program does not say. */
export function perform<Handle>(program: Program, calls: Calls<Handle>): void {
  const files = new OpenFiles(calls);
  try {
    for (const [index, step] of program.entries()) {
      const answered = attempt(() => call(step, calls, files));
      const expected = expectedOf(step);
      if (answered.answer !== expected)
        throw new Error(
          `step ${index + 1}, ${describeStep(step)}, answered ${answered.answer}, ${expected} was expected`,
          { cause: answered.cause },
        );
    }
  } finally {
    files.closeAll();
  }
}

/** What a step does, in the words of its file: `write f`, `rename t to f`. */
function describeStep(step: Step): string {
  switch (step.op) {
    case 'rename':
      return `rename ${step.from} to ${step.to}`;
    case 'link':
      return `link ${step.file} as ${step.to}`;
    default:
      return `${step.op} ${'file' in step ? step.file : step.path}`;
  }
}

function expectedOf(step: Step): string | number {
  if (step.answers !== undefined) return step.answers;
  if ('fails' in step && step.fails) return 'EIO';
  return step.op === 'write' ? step.bytes : 'ok';
}

function attempt(work: () => number | undefined): { answer: string | number; cause?: unknown } {
  try {
    return { answer: work() ?? 'ok' };
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) throw cause;
    return { answer: code, cause };
  }
}

function call<Handle>(step: Step, calls: Calls<Handle>, files: OpenFiles<Handle>): number | undefined {
  switch (step.op) {
    case 'create':
    case 'tmpfile':
      files.add(step.file, step.op === 'create' ? 'create' : 'unnamed');
      return;
    case 'write':
      return calls.write(files.get(step.file), bytesOf(step), step.at, step.sync);
    case 'store':
      calls.store(files.get(step.file), bytesOf(step), step.at);
      return;
    case 'truncate':
      calls.truncate(files.get(step.file), step.size);
      return;
    case 'allocate':
      calls.allocate(files.get(step.file), step);
      return;
    case 'fsync':
    case 'fdatasync':
      calls.sync(files.get(step.file), step.op);
      return;
    case 'fsyncdir':
      calls.syncDirectory(step.path);
      return;
    case 'mkdir':
      calls.makeDirectory(step.path);
      return;
    case 'rmdir':
      calls.removeDirectory(step.path);
      return;
    case 'unlink':
      calls.unlink(step.path);
      return;
    case 'link':
      calls.link(files.get(step.file), step.to);
      return;
    case 'rename':
      calls.rename(step.from, step.to, step.exchange);
      return;
    case 'close':
      files.close(step.file);
      return;
  }
}

function bytesOf({ bytes, fill }: { readonly bytes: number; readonly fill: string }): Buffer {
  return Buffer.alloc(bytes, fill);
}

/** By the names under which they were opened. */
class OpenFiles<Handle> {
  readonly #calls: Calls<Handle>;
  readonly #handles = new Map<string, Handle>();

  constructor(calls: Calls<Handle>) {
    this.#calls = calls;
  }

  /** A file that was opened by this name before is closed first. */
  add(name: string, how: 'create' | 'existing' | 'unnamed'): Handle {
    if (this.#handles.has(name)) this.close(name);
    const handle = this.#calls.open(name, how);
    this.#handles.set(name, handle);
    return handle;
  }

  get(name: string): Handle {
    return this.#handles.get(name) ?? this.add(name, 'existing');
  }

  close(name: string): void {
    const handle = this.get(name);
    this.#handles.delete(name);
    this.#calls.close(handle);
  }

  closeAll(): void {
    for (const name of [...this.#handles.keys()]) this.close(name);
  }
}
