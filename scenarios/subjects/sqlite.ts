import { join } from 'node:path';
import type {
  CreateSubject,
  Subject,
  SubjectAnswer,
  SubjectErrorCode,
  SubjectReply,
  SubjectRequest,
} from '../../harness/subject/subject.ts';
import { SqliteError, SqliteShell } from './sqlite-shell.ts';

/**
 * SQLite as a key-value subject: one table, each mutation a transaction of its own. What it promises is then what SQLite
 * promises of a commit under the options given, and that is what a scenario puts to the test:
 *
 *   journal_mode  DELETE (SQLite's default), TRUNCATE, PERSIST or WAL
 *   synchronous   OFF, NORMAL, FULL (SQLite's default) or EXTRA
 */
export const createSubject: CreateSubject = async (place) => {
  if (place.kind !== 'directories') throw new Error('sqlite3 is a process: it needs directories');
  const [directory] = place.directories.values();
  if (directory === undefined) throw new Error('sqlite3 needs a volume');
  return new SqliteSubject(await SqliteShell.start(), join(directory, 'kv.sqlite'));
};

class SqliteSubject implements Subject {
  readonly #shell: SqliteShell;
  readonly #path: string;
  #isWal = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(shell: SqliteShell, path: string) {
    this.#shell = shell;
    this.#path = path;
  }

  request(request: SubjectRequest): Promise<SubjectReply> {
    const reply = this.#last.then(() => this.#reply(request));
    this.#last = reply;
    return reply;
  }

  async #reply(request: SubjectRequest): Promise<SubjectReply> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof SqliteError)
        return { ok: false, error: { code: errorCode(error), message: error.message } };
      if (error instanceof OptionError)
        return { ok: false, error: { code: 'invalid', message: error.message } };
      throw error;
    }
  }

  async #answer(request: SubjectRequest): Promise<SubjectAnswer> {
    switch (request.op) {
      case 'hello': {
        const [version = ''] = await this.#shell.run(['SELECT sqlite_version();']);
        const hello = { model: 'kv', name: 'SQLite', version: version.trim(), features: ['reopen'] } as const;
        return { ok: true, hello };
      }
      case 'open':
        return this.#open(request.options);
      case 'put':
        // An upsert, not REPLACE: it changes the row in place, as most programs do.
        return this.#done(
          `INSERT INTO kv VALUES(${blob(request.key)}, ${blob(request.value)}) ON CONFLICT(key) DO UPDATE SET value = excluded.value;`,
        );
      case 'delete':
        return this.#done(`DELETE FROM kv WHERE key = ${blob(request.key)};`);
      case 'sync':
        // A commit is all the promise there is with a rollback journal. A checkpoint syncs the WAL first.
        return this.#done(this.#isWal ? 'PRAGMA wal_checkpoint(FULL);' : '');
      case 'get': {
        const [row = ''] = await this.#shell.run([
          `SELECT hex(value) FROM kv WHERE key = ${blob(request.key)};`,
        ]);
        return { ok: true, value: row === '' ? null : fromHex(row) };
      }
      case 'scan':
        return { ok: true, items: await this.#scan() };
      case 'verify':
        return { ok: true, detail: (await this.#shell.run(['PRAGMA integrity_check;']))[0]?.trim() };
      case 'close':
        return this.#done('.open :memory:');
      default:
        return Promise.reject(new OptionError(`a kv has no ${request.op}`));
    }
  }

  async #open(options: Readonly<Record<string, unknown>>): Promise<SubjectAnswer> {
    const journalMode = choice(options, 'journal_mode', ['DELETE', 'TRUNCATE', 'PERSIST', 'WAL']);
    const synchronous = choice(options, 'synchronous', ['FULL', 'OFF', 'NORMAL', 'EXTRA']);
    this.#isWal = journalMode === 'WAL';
    try {
      const outputs = await this.#shell.run([
        // A dot-command's double quotes take C's escapes, and so JSON's.
        `.open ${JSON.stringify(this.#path)}`,
        '.timeout 5000',
        `PRAGMA synchronous = ${synchronous};`,
        `PRAGMA journal_mode = ${journalMode};`,
        'CREATE TABLE IF NOT EXISTS kv(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;',
        'PRAGMA integrity_check;',
      ]);
      const [mode = '', , check = ''] = outputs.slice(3);
      if (mode.trim() !== journalMode.toLowerCase())
        throw new OptionError(`SQLite stayed in journal_mode ${mode.trim()} instead of ${journalMode}`);
      if (check.trim() !== 'ok') throw new SqliteError(`integrity_check found: ${check.trim()} (11)`);
      return { ok: true };
    } catch (error) {
      // Let go of the file: the next open may find another image in its place.
      await this.#shell.run(['.open :memory:']);
      throw error;
    }
  }

  async #scan() {
    const [rows = ''] = await this.#shell.run(['SELECT hex(key), hex(value) FROM kv ORDER BY key;']);
    return rows
      .split('\n')
      .slice(0, -1)
      .map((row) => {
        const [key = '', data = ''] = row.split('|');
        return { key: fromHex(key), data: fromHex(data) };
      });
  }

  async #done(line: string): Promise<SubjectAnswer> {
    await this.#shell.run([line]);
    return { ok: true };
  }

  stderr(): string {
    return '';
  }

  async kill(): Promise<void> {
    this.#shell.stop();
  }
}

class OptionError extends Error {}

function choice(
  options: Readonly<Record<string, unknown>>,
  name: string,
  allowed: readonly [string, ...string[]],
): string {
  const value = options[name] ?? allowed[0];
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new OptionError(`the option ${name} is one of ${allowed.join(', ')}, not ${JSON.stringify(value)}`);
  return found;
}

/** From https://www.sqlite.org/rescode.html. */
const corrupt = 11;
const notADatabase = 26;
const ioError = 10;
const readOnly = 8;
const cannotOpen = 14;
const full = 13;

function errorCode({ resultCode, message }: SqliteError): SubjectErrorCode {
  switch (resultCode) {
    case corrupt:
    case notADatabase:
      return 'corrupt';
    case ioError:
    case readOnly:
    case cannotOpen:
      return 'io';
    case full:
      return 'full';
    default:
      return message.includes('unable to open database') ? 'io' : 'failed';
  }
}

function blob(bytes: Uint8Array): string {
  return `x'${Buffer.from(bytes).toString('hex')}'`;
}

function fromHex(text: string): Uint8Array {
  return Buffer.from(text.trimEnd(), 'hex');
}
