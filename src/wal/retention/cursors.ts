import { type LogPlace, pathOf } from '../place.ts';
import { Cursor, lowerFile } from './cursor.ts';
import { CursorFile, type CursorPlace } from './cursor-file.ts';
import { cursorFileName, parseCursorFileName, readCursorSlots } from './cursor-slot.ts';

/** What the cursors of a log need of the log. */
export interface CursorLog {
  /** LSN of the oldest record that is kept. */
  readonly firstLsn: () => number;
  readonly durableLsn: () => number;
  /** Runs work that writes; if it fails, the log has failed. */
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Every cursor of a log that is open for writing. Read from disk when the first of them is asked for. */
export class Cursors {
  readonly #place: CursorPlace;
  readonly #log: CursorLog;
  #loading: Promise<Map<string, Cursor>> | undefined;
  /** What cursors may advance to at most, while the log is being cut. */
  #ceilingLsn = Number.POSITIVE_INFINITY;
  /** Making and removing files: one at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(place: CursorPlace, log: CursorLog) {
    this.#place = place;
    this.#log = log;
  }

  /** The cursor of that name, made at the start of the log if there is none. */
  open(name: string): Promise<Cursor> {
    cursorFileName(name);
    return this.#inTurn(async (cursors) => {
      const known = cursors.get(name);
      if (known !== undefined) return known;
      const lsn = this.#log.firstLsn() - 1;
      return this.#keep(cursors, await this.#log.guard(() => CursorFile.create(this.#place, name, lsn)));
    });
  }

  /** The lowest LSN that a consumer is done with; undefined if there is no cursor. */
  async lowest(): Promise<number | undefined> {
    const cursors = await this.#load();
    if (cursors.size === 0) return undefined;
    return Math.min(...[...cursors.values()].map(({ lsn }) => lsn));
  }

  /** Cuts the log behind `lsn`, once no cursor names an LSN beyond it (I18); none advances beyond it meanwhile. */
  async lower(lsn: number, cut: () => Promise<void>): Promise<void> {
    this.#ceilingLsn = lsn;
    try {
      for (const cursor of (await this.#load()).values()) await cursor.lower(lsn);
      await cut();
    } finally {
      this.#ceilingLsn = Number.POSITIVE_INFINITY;
    }
  }

  /** Settles when what was asked of the cursors is done. */
  async close(): Promise<void> {
    if (this.#loading === undefined) return;
    const cursors = await this.#loading.catch(() => new Map<string, Cursor>());
    await this.#last.catch(() => undefined);
    for (const cursor of cursors.values()) await cursor.close();
  }

  #inTurn<T>(work: (cursors: Map<string, Cursor>) => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => work(await this.#load()));
    this.#last = result.catch(() => undefined);
    return result;
  }

  #load(): Promise<Map<string, Cursor>> {
    this.#loading ??= this.#read();
    return this.#loading;
  }

  async #read(): Promise<Map<string, Cursor>> {
    const cursors = new Map<string, Cursor>();
    const { storage, directory } = this.#place;
    for (const name of (await storage.list(directory)).flatMap((each) => parseCursorFileName(each) ?? []))
      this.#keep(cursors, await this.#log.guard(() => CursorFile.open(this.#place, name)));
    return cursors;
  }

  #keep(cursors: Map<string, Cursor>, file: CursorFile): Cursor {
    const remove = (settled: Promise<unknown>) =>
      this.#inTurn(async () => {
        await settled;
        cursors.delete(file.name);
        await this.#log.guard(() => file.remove());
      });
    const durableLsn = () => Math.min(this.#log.durableLsn(), this.#ceilingLsn);
    const cursor = new Cursor(file, { durableLsn, guard: this.#log.guard, remove });
    cursors.set(file.name, cursor);
    return cursor;
  }
}

/**
 * The highest LSN that a cursor's file in a directory names; 0 if none does. It was durable: a log that ends before it is
 * corrupt. Reads only.
 */
export async function highestCursorLsn(
  place: LogPlace,
  names: readonly string[],
  logId: Uint8Array,
): Promise<number> {
  let highest = 0;
  for (const name of names.filter((each) => parseCursorFileName(each) !== undefined)) {
    const file = await place.storage.open(pathOf(place, name), 'read');
    try {
      const [newest] = await readCursorSlots(file, logId);
      highest = Math.max(highest, newest?.lsn ?? 0);
    } finally {
      await file.close();
    }
  }
  return highest;
}

/** As {@link Cursors.lower}, for a recovery that ended the log at `lsn`: the damage took what lies beyond. */
export async function lowerCursors(
  { storage, directory }: LogPlace,
  logId: Uint8Array,
  now: () => number,
  lsn: number,
): Promise<void> {
  const names = (await storage.list(directory)).flatMap((each) => parseCursorFileName(each) ?? []);
  for (const name of names) {
    const file = await CursorFile.open({ storage, directory, logId, now }, name);
    try {
      await lowerFile(file, lsn);
    } finally {
      await file.close();
    }
  }
}
