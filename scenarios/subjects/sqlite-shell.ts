import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * The distribution's `sqlite3` program as a long-lived child: SQL in, text out. Its stdout and stderr are one pipe, and
 * it flushes after each line that it reads, so everything between two of our marks belongs to the statement between them.
 */
export class SqliteShell {
  readonly #child: ChildProcess;
  #waiting:
    | {
        readonly marks: number;
        readonly resolve: (outputs: string[]) => void;
        readonly reject: (error: Error) => void;
      }
    | undefined;
  #text = '';
  #end: Error | undefined;

  static async start(): Promise<SqliteShell> {
    // No start-up file of the user's; and `exec`, so that the pid stays sqlite3's.
    const child = spawn('sh', ['-c', 'exec sqlite3 -batch 2>&1'], {
      env: { ...process.env, HOME: '/nonexistent' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child, 'spawn');
    return new SqliteShell(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
    // EPIPE: it ended without reading. How it ended is told by `exit`.
    child.stdin?.on('error', () => {});
    child.on('exit', (code, signal) => {
      const advice = code === 127 ? ': install it (apt-get install sqlite3)' : '';
      this.#end = new Error(`sqlite3 ended (${signal ?? `exit ${code}`})${advice}\n${this.#text}`);
      this.#waiting?.reject(this.#end);
    });
  }

  /**
   * Runs statements or dot-commands, one line each, and answers what each printed. Rejects with the first
   * {@link SqliteError}; those after it have been run all the same. Rejects with another error once sqlite3 has ended. One call at a time.
   */
  async run(lines: readonly string[]): Promise<string[]> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#waiting !== undefined) throw new Error('the sqlite3 program is busy');
    const outputs = await new Promise<string[]>((resolve, reject) => {
      this.#waiting = { marks: lines.length, resolve, reject };
      this.#child.stdin?.write(lines.map((line) => `${line}\n.print ${mark}\n`).join(''));
    });
    for (const output of outputs) {
      if (/^(?:Parse error|Runtime error|Error)\b/m.test(output)) throw new SqliteError(output.trim());
    }
    return outputs;
  }

  #receive(text: string): void {
    this.#text += text;
    const waiting = this.#waiting;
    if (waiting === undefined || !this.#text.endsWith(`${mark}\n`)) return;
    const outputs = this.#text.split(`${mark}\n`).slice(0, -1);
    if (outputs.length < waiting.marks) return;
    this.#text = '';
    this.#waiting = undefined;
    waiting.resolve(outputs);
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Nothing else that is asked of sqlite3 here prints such a line: data come out as hex. */
const mark = '--end-of-answer--';

/** `resultCode` is SQLite's own, from https://www.sqlite.org/rescode.html, where the message names it. */
export class SqliteError extends Error {
  override readonly name = 'SqliteError';
  readonly resultCode: number | undefined;

  constructor(message: string) {
    super(message);
    const code = /\((\d+)\)$/m.exec(message)?.[1];
    this.resultCode = code === undefined ? undefined : Number(code);
  }
}
