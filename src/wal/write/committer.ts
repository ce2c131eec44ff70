import { WalError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { encodedRecordBytes } from '../record.ts';
import { StorageError } from '../storage.ts';
import { BatchBuffer } from './batch-buffer.ts';
import type { SegmentWriter } from './segment-writer.ts';
import { nextTurn } from './turn.ts';

/** Records that wait for room in the buffer. Their LSNs are given already. */
interface WaitingAppend {
  readonly type: number;
  readonly payloads: readonly Uint8Array[];
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
  #filling: BatchBuffer;
  #other: BatchBuffer;
  #nextLsn: number;
  #appends: WaitingAppend[] = [];
  #syncs: WaitingSync[] = [];
  #running: Promise<void> | undefined;
  #failure: WalError | undefined;
  #commits = 0;

  constructor(writer: SegmentWriter, settings: Settings) {
    this.#writer = writer;
    this.#batchBytesMax = settings.batchBytesMax;
    this.#groupBytesMax = Math.min(settings.bufferBytes, settings.batchBytesMax);
    this.#filling = new BatchBuffer(settings.blockBytes);
    this.#other = new BatchBuffer(settings.blockBytes);
    this.#nextLsn = writer.writtenLsn + 1;
  }

  /** The LSN that the next record gets. */
  get nextLsn(): number {
    return this.#nextLsn;
  }

  /** Batches written. */
  get commits(): number {
    return this.#commits;
  }

  /** Takes records that stay together; answers the first one's LSN once they are accepted. */
  append(type: number, payloads: readonly Uint8Array[]): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const bodyBytes = payloads.reduce((sum, payload) => sum + encodedRecordBytes(payload), 0);
    if (bodyBytes > this.#batchBytesMax) return Promise.reject(tooLarge(bodyBytes, this.#batchBytesMax));
    const firstLsn = this.#nextLsn;
    this.#nextLsn += payloads.length;
    if (this.#appends.length === 0 && this.#hasRoom(bodyBytes)) {
      for (const payload of payloads) this.#filling.add(type, payload);
      return Promise.resolve(firstLsn);
    }
    return new Promise((accept, reject) => {
      this.#appends.push({ type, payloads, bodyBytes, firstLsn, accept, reject });
      this.#wake();
    });
  }

  /** Settles when every record up to `lsn` is durable; answers `lsn`. */
  sync(lsn: number): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (lsn <= this.#writer.durableLsn) return Promise.resolve(lsn);
    return new Promise((resolve, reject) => {
      this.#syncs.push({ lsn, resolve, reject });
      this.#wake();
    });
  }

  /** Does other work that writes: if it fails, the log has failed. */
  async guard(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await work();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Settles when no commit is under way. */
  async idle(): Promise<void> {
    await this.#running;
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
        if (this.#mustWrite()) await this.#write();
        if (this.#mustSync()) await this.#writer.sync();
        this.#settleSyncs();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#running = undefined;
  }

  #mustWrite(): boolean {
    if (this.#appends.length > 0) return true;
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
      for (const payload of append.payloads) this.#filling.add(append.type, payload);
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
    this.#failure ??= failed(cause);
    const failure = this.#failure;
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
