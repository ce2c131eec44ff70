import { makeFile } from '../make-file.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { removeIfThere } from '../storage/storage-calls.ts';
import type { StorageFile } from '../storage.ts';
import {
  cursorFileName,
  cursorSlotOffset,
  cursorTemporaryName,
  encodeCursorSlot,
  readCursorSlots,
} from './cursor-slot.ts';

/** A log, as its cursors see it. */
export interface CursorPlace extends LogPlace {
  readonly logId: Uint8Array;
  readonly now: () => number;
}

/** A cursor on disk. One call at a time; after one rejects, none may follow but `close`. */
export class CursorFile {
  readonly name: string;
  readonly #place: CursorPlace;
  /** undefined: there is no file yet, or none of its slots is valid. It is made when there is something to keep. */
  #file: StorageFile | undefined;
  #lsn: number;
  #nextGeneration: number;

  private constructor(
    name: string,
    place: CursorPlace,
    state: { readonly file?: StorageFile; readonly lsn: number; readonly nextGeneration: number },
  ) {
    this.name = name;
    this.#place = place;
    this.#file = state.file;
    this.#lsn = state.lsn;
    this.#nextGeneration = state.nextGeneration;
  }

  /**
   * The cursor as it is on disk; one without a valid slot stands at the start of the log. A writer that was killed may have left a slot
   * in the page cache alone, and one whose barrier failed may have left it there for good: so what is there is made durable (B16) and
   * then read from the medium, as far as the storage can.
   */
  static async open(place: CursorPlace, name: string): Promise<CursorFile> {
    const file = await place.storage.open(pathOf(place, cursorFileName(name)), 'write');
    await file.sync();
    const [newest] = await readCursorSlots(file, place.logId, 'readBack');
    // The second slot is written once the name is durable: with the first alone, or none, the file is made anew.
    if (newest === undefined || newest.generation === 1) {
      await file.close();
      return new CursorFile(name, place, { lsn: newest?.lsn ?? 0, nextGeneration: 1 });
    }
    return new CursorFile(name, place, { file, lsn: newest.lsn, nextGeneration: newest.generation + 1 });
  }

  /** A new cursor, durable when it settles. */
  static async create(place: CursorPlace, name: string, lsn: number): Promise<CursorFile> {
    const cursor = new CursorFile(name, place, { lsn: 0, nextGeneration: 1 });
    await cursor.write(lsn);
    return cursor;
  }

  /** What is durable. */
  get lsn(): number {
    return this.#lsn;
  }

  /** Moves the cursor. Durable when it settles. */
  async write(lsn: number): Promise<void> {
    this.#file ??= await this.#make(lsn);
    const generation = this.#nextGeneration;
    // B15: the cursor counts from here on; both slots of a new one are there before anyone builds on it.
    await this.#file.writeDurably([this.#encode(generation, lsn)], cursorSlotOffset(generation));
    this.#lsn = lsn;
    this.#nextGeneration = generation + 1;
  }

  async remove(): Promise<void> {
    await this.close();
    await removeIfThere(this.#place.storage, pathOf(this.#place, cursorFileName(this.name)));
    await this.#place.storage.syncDirectory(this.#place.directory);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #encode(generation: number, lsn: number): Uint8Array {
    const { logId, now } = this.#place;
    return encodeCursorSlot({ generation, logId, lsn, writtenAtMs: now() });
  }

  /** B14: the file is whole before it has its name, and has its name before the second slot says so. */
  async #make(lsn: number): Promise<StorageFile> {
    const name = cursorFileName(this.name);
    await makeFile(this.#place, name, cursorTemporaryName(this.name), (file) =>
      file.write([this.#encode(1, lsn)], cursorSlotOffset(1)),
    );
    this.#nextGeneration = 2;
    return this.#place.storage.open(pathOf(this.#place, name), 'write');
  }
}
