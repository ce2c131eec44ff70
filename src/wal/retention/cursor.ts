import { WalError } from '../errors.ts';
import type { CursorFile } from './cursor-file.ts';

/** What a cursor needs of its log. */
export interface CursorOwner {
  readonly durableLsn: () => number;
  /** Runs work that writes; if it fails, the log has failed. */
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
  /** Takes it from the log's cursors and removes its file, once `settled`. */
  readonly remove: (settled: Promise<unknown>) => Promise<void>;
}

/**
 * How far a consumer has come: kept on disk under its name, so that a consumer that starts again goes on at `lsn + 1`.
 * With `retention: { cursors: true }` no segment is let go of that the slowest cursor still needs.
 */
export class Cursor {
  readonly #file: CursorFile;
  readonly #owner: CursorOwner;
  #wantedLsn: number;
  /** The write that callers of {@link advance} share who came while another one was in flight. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  #ended: 'closed' | 'removed' | undefined;

  constructor(file: CursorFile, owner: CursorOwner) {
    this.#file = file;
    this.#owner = owner;
    this.#wantedLsn = file.lsn;
  }

  get name(): string {
    return this.#file.name;
  }

  /** The consumer is done with every record up to it, durably; 0: with none. */
  get lsn(): number {
    return this.#file.lsn;
  }

  /**
   * Says that the consumer is done with every record up to `lsn`; durable when it settles. Calls share writes: while one is in
   * flight, all others wait for the next, which has the highest LSN of them. A lower LSN than before changes nothing.
   * Rejects with `invalid` for an LSN that is not durable.
   */
  async advance(lsn: number): Promise<void> {
    this.#checkOpen();
    const durableLsn = this.#owner.durableLsn();
    if (!Number.isSafeInteger(lsn) || lsn < 0 || lsn > durableLsn)
      throw new WalError(
        'invalid',
        `cursor ${this.name} cannot advance to ${lsn}: expected the LSN of a durable record, at most ${durableLsn}`,
      );
    if (lsn <= this.lsn) return;
    this.#wantedLsn = Math.max(this.#wantedLsn, lsn);
    this.#next ??= this.#inTurn(async () => {
      this.#next = undefined;
      if (this.#wantedLsn > this.lsn) await this.#file.write(this.#wantedLsn);
    });
    await this.#next;
  }

  /** Forgets the cursor, durably when it settles: it holds back nothing any more. */
  async remove(): Promise<void> {
    this.#checkOpen();
    this.#ended = 'removed';
    await this.#owner.remove(this.#last.catch(() => undefined));
  }

  /** Before the log is cut behind `lsn`. In both slots, so that losing one never asks for a record that is gone. */
  lower(lsn: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#ended === 'removed') return;
      this.#wantedLsn = Math.min(this.#wantedLsn, lsn);
      await lowerFile(this.#file, lsn);
    });
  }

  async close(): Promise<void> {
    this.#ended ??= 'closed';
    await this.#last.catch(() => undefined);
    await this.#file.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.catch(() => undefined).then(() => this.#owner.guard(work));
    this.#last.catch(() => undefined);
    return this.#last;
  }

  #checkOpen(): void {
    if (this.#ended === 'removed')
      throw new WalError('invalid', `cursor ${this.name} was removed: ask the log for a new one`);
    if (this.#ended === 'closed')
      throw new WalError('closed', `the log of cursor ${this.name} was closed: open it again`);
  }
}

/** I18: the file names no LSN beyond `lsn` from here on, in neither slot. */
export async function lowerFile(file: CursorFile, lsn: number): Promise<void> {
  if (file.lsn <= lsn) return;
  await file.write(lsn);
  await file.write(lsn);
}
