import { WalError } from '../errors.ts';
import type { LogObserver } from '../metrics/observer.ts';
import { encodedRecordBytes, type RecordDraft } from '../record.ts';
import { StorageError } from '../storage.ts';
import type { Timers } from '../timers.ts';
import { BatchBuffer } from './batch-buffer.ts';
import type { LogContext } from './prepare.ts';
import type { SegmentWriter } from './segment-writer.ts';
import { nextTurn } from './turn.ts';

/** Records that wait for room in the buffer. Their LSNs are given already. */
interface WaitingAppend {
  readonly drafts: readonly RecordDraft[];
  readonly bodyBytes: number;
  readonly firstLsn: number;
  readonly accept: (firstLsn: number) => void;
  readonly reject: (error: WalError) => void;
}

/** Someone who waits until all up to `lsn` is durable. */
interface WaitingSync {
  readonly lsn: number;
  readonly resolve: (lsn: number) => void;
  readonly reject: (error: WalError) => void;
}

/**
 * Group commit. Records go into one buffer while the other is being written; whoever asks for durability waits for a
 * commit, and all who ask while one is in flight share the next.
 */
export class Committer {
  readonly #writer: SegmentWriter;
  readonly #batchBytesMax: number;
  readonly #groupBytesMax: number;
  readonly #groupDelayUs: number;
  readonly #timers: Timers;
  readonly #observer: LogObserver;
  readonly #isHashed: boolean;
  /** Batches are written without anyone asking for durability. */
  readonly #isEager: boolean;
  #filling: BatchBuffer;
  #other: BatchBuffer;
  #nextLsn: number;
  #appends: WaitingAppend[] = [];
  /** By rising LSN: who asks later may ask for less. */
  #syncs: WaitingSync[] = [];
  #running: Promise<void> | undefined;
  #failure: WalError | undefined;
  #commits = 0;
  /** Work that goes on beside commits, one after the other. */
  #guarded: Promise<unknown> = Promise.resolve();
  #endGathering: (() => void) | undefined;
  /** While records are being cut off: the appends and syncs that came meanwhile, in order. */
  #held: (() => void)[] | undefined;

  constructor(writer: SegmentWriter, { settings, encoding, observer }: LogContext) {
    this.#writer = writer;
    this.#batchBytesMax = settings.batchBytesMax;
    this.#groupBytesMax = Math.min(settings.bufferBytes, settings.batchBytesMax);
    this.#groupDelayUs = settings.groupDelayUs;
    this.#timers = settings.timers;
    this.#observer = observer;
    this.#isHashed = encoding.contentHash !== undefined;
    this.#isEager = settings.sync === 'none';
    this.#filling = new BatchBuffer(settings.blockBytes, encoding);
    this.#other = new BatchBuffer(settings.blockBytes, encoding);
    this.#nextLsn = writer.writtenLsn + 1;
  }

  /** The LSN that the next record gets. */
  get nextLsn(): number {
    return this.#nextLsn;
  }

  /** Calls that wait for room in the buffer, and for durability. */
  get waiting(): { readonly appends: number; readonly syncs: number } {
    return { appends: this.#appends.length, syncs: this.#syncs.length };
  }

  /** Batches written. */
  get commits(): number {
    return this.#commits;
  }

  /** Takes records that stay together; answers the first one's LSN once they are accepted. */
  append(drafts: readonly RecordDraft[]): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#held !== undefined) return this.#hold(() => this.append(drafts));
    let bodyBytes = 0;
    for (const draft of drafts) bodyBytes += encodedRecordBytes(draft, this.#isHashed);
    if (bodyBytes > this.#batchBytesMax) return Promise.reject(tooLarge(bodyBytes, this.#batchBytesMax));
    const firstLsn = this.#nextLsn;
    this.#nextLsn += drafts.length;
    this.#observer.counts.appends++;
    if (this.#appends.length === 0 && this.#hasRoom(bodyBytes)) {
      try {
        this.#fill(drafts, firstLsn);
      } catch (error) {
        // There was no memory: the buffer has some of the records, and their LSNs are given.
        return Promise.reject(this.#fail(error));
      }
      if (this.#isEager) this.#wake();
      return Promise.resolve(firstLsn);
    }
    return new Promise((accept, reject) => {
      this.#endGathering?.();
      this.#appends.push({ drafts, bodyBytes, firstLsn, accept, reject });
      this.#wake();
    });
  }

  /** Settles when every record up to `lsn` is durable, or was cut off; answers `lsn`. */
  sync(lsn: number): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#held !== undefined) return this.#hold(() => this.sync(lsn));
    const wanted = Math.min(lsn, this.#nextLsn - 1);
    if (wanted <= this.#writer.durableLsn) return Promise.resolve(lsn);
    const begunAt = this.#observer.now();
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#observer.waited(begunAt);
        resolve(lsn);
      };
      const behind = this.#syncs.findLastIndex((other) => other.lsn <= wanted);
      this.#syncs.splice(behind + 1, 0, { lsn: wanted, resolve: settle, reject });
      this.#wake();
    });
  }

  /**
   * Does `work`, which cuts off records, while nothing is being written. What was appended before is durable first; what is
   * appended meanwhile comes behind the cut. `look` reads what `work` needs: if that rejects, nothing has happened.
   */
  async cut<T>(look: () => Promise<T>, work: (found: T) => Promise<void>): Promise<void> {
    let refusal: { readonly error: unknown } | undefined;
    await this.guard(async () => {
      const synced = this.sync(this.#nextLsn - 1);
      const held: (() => void)[] = [];
      this.#held = held;
      try {
        await synced;
        await this.idle();
        const found = await look().catch((error: unknown) => {
          refusal = { error };
        });
        if (refusal !== undefined) return;
        await work(found as T);
        this.#nextLsn = this.#writer.writtenLsn + 1;
      } catch (error) {
        throw this.#fail(error);
      } finally {
        this.#held = undefined;
        for (const resume of held) resume();
      }
    });
    if (refusal !== undefined) throw refusal.error;
  }

  /** Does other work that writes, one at a time: if it fails, the log has failed. */
  guard<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#guarded.then(() => this.attempt(work));
    this.#guarded = done.catch(() => undefined);
    return done;
  }

  /** As `guard`, beside whatever else is going on. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await work();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Settles when no commit is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #hold<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      this.#held?.push(() => resolve(call()));
    });
  }

  #fill(drafts: readonly RecordDraft[], firstLsn: number): void {
    let lsn = firstLsn;
    for (const draft of drafts) this.#filling.add(draft, lsn++);
  }

  #hasRoom(bodyBytes: number): boolean {
    const held = this.#filling.bodyBytes;
    return held === 0 || held + bodyBytes <= this.#groupBytesMax;
  }

  #wake(): void {
    this.#running ??= this.#run();
  }

  /** Starts in the next turn of the event loop: all who are ready to append or sync in this one share the commit. */
  async #run(): Promise<void> {
    try {
      while (this.#mustWrite() || this.#mustSync()) {
        await nextTurn();
        if (this.#groupDelayUs > 0) await this.#gather();
        if (this.#mustWrite()) await this.#write();
        if (this.#mustSync()) await this.#writer.sync();
        this.#settleSyncs();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#running = undefined;
  }

  /** Lets others join the commit, until the buffer is full. */
  #gather(): Promise<void> | undefined {
    if (this.#appends.length > 0) return undefined;
    return new Promise((resolve, reject) => {
      this.#endGathering = resolve;
      this.#timers.delay(this.#groupDelayUs).then(resolve, reject);
    });
  }

  #mustWrite(): boolean {
    if (this.#appends.length > 0) return true;
    if (this.#isEager && this.#filling.recordCount > 0) return true;
    const lastLsn = this.#syncs.at(-1)?.lsn ?? 0;
    return this.#filling.recordCount > 0 && lastLsn > this.#writer.writtenLsn;
  }

  #mustSync(): boolean {
    const lsn = this.#syncs[0]?.lsn;
    return lsn !== undefined && lsn <= this.#writer.writtenLsn && lsn > this.#writer.durableLsn;
  }

  async #write(): Promise<void> {
    const batch = this.#filling;
    this.#filling = this.#other;
    this.#other = batch;
    this.#acceptWaiting();
    const lastLsn = this.#writer.writtenLsn + batch.recordCount;
    await this.#writer.write(
      batch,
      this.#syncs.some(({ lsn }) => lsn <= lastLsn),
    );
    batch.clear();
    this.#commits++;
  }

  #acceptWaiting(): void {
    let count = 0;
    for (const append of this.#appends) {
      if (!this.#hasRoom(append.bodyBytes)) break;
      this.#fill(append.drafts, append.firstLsn);
      append.accept(append.firstLsn);
      count++;
    }
    this.#appends.splice(0, count);
  }

  #settleSyncs(): void {
    const { durableLsn } = this.#writer;
    let count = 0;
    for (const { lsn, resolve } of this.#syncs) {
      if (lsn > durableLsn) break;
      resolve(lsn);
      count++;
    }
    this.#syncs.splice(0, count);
  }

  /** For good (I12). The first cause is kept. */
  #fail(cause: unknown): WalError {
    const failure = this.#failure ?? failed(cause);
    if (this.#failure === undefined) this.#observer.failed(failure);
    this.#failure = failure;
    for (const { reject } of this.#appends.splice(0)) reject(failure);
    for (const { reject } of this.#syncs.splice(0)) reject(failure);
    return failure;
  }
}

function tooLarge(bytes: number, limit: number): WalError {
  return new WalError(
    'too-large',
    `a record or batch of ${bytes} bytes (with 12 for each record) is longer than batchBytesMax, ${limit}`,
  );
}

function failed(cause: unknown): WalError {
  const isFull = cause instanceof StorageError && cause.code === 'full';
  const what = cause instanceof Error ? cause.message : String(cause);
  return new WalError(
    isFull ? 'full' : 'failed',
    `the log failed and accepts nothing more; what was not acknowledged may be lost. ${isFull ? 'Make room' : 'Check the disk'}, then open the log again. Cause: ${what}`,
    { cause },
  );
}
