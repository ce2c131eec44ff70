import { type Batch, encodeBatchHeader, encodeIndex, type IndexEntry } from './batch.ts';
import type { BatchBuffer } from './batch-buffer.ts';
import { type ChainSegment, extendChain } from './chain.ts';
import { crc32c } from './crc32c.ts';
import {
  batchHeaderBytes,
  encodeSegmentHeader,
  type LogPoint,
  roundUp,
  type SegmentHeader,
  type SegmentIdentity,
} from './format.ts';
import { pathOf } from './inventory.ts';
import { adoptSegment, growSegment, type LogContext, prepareSegment, type ReadySegment } from './prepare.ts';
import { StorageError, type StorageFile } from './storage.ts';
import { removeIfThere } from './storage-calls.ts';

/** Where writing starts, as recovery found it. */
export interface WriterStart {
  readonly chain: readonly ChainSegment[];
  /** What the next new segment is linked to. */
  readonly point: LogPoint;
  readonly nextLsn: number;
  /** The highest number that any segment file had. */
  readonly highestNumber: number;
  /** A segment to go on in, behind its clean end. */
  readonly resume?: ActiveSegment;
  /** A segment that was made ready and never used. */
  readonly spare?: SegmentIdentity;
}

/** The segment that is being written. */
export interface ActiveSegment {
  readonly header: SegmentHeader;
  readonly file: StorageFile;
  /** Where the next batch goes, and the chain there. */
  position: number;
  chain: number;
  /** Covered by barriers. */
  durableBytes: number;
  readonly index: IndexEntry[];
  /** Still to be written, with the first batch. */
  headerBlock: Uint8Array | undefined;
}

/**
 * Writes batches into segments and rolls from one to the next. One call at a time. It knows nothing of who waits for what;
 * after any call rejects, none may follow but `close`.
 */
export class SegmentWriter {
  readonly #context: LogContext;
  #chain: readonly ChainSegment[];
  #point: LogPoint;
  #nextLsn: number;
  #durableLsn: number;
  #highestNumber: number;
  #active: ActiveSegment | undefined;
  #spare: SegmentIdentity | undefined;
  /** A segment that is being made ready; undefined in the end if the disk is full. */
  #next: Promise<ReadySegment | undefined> | undefined;
  #isPreparing = false;
  /** Why that failed otherwise. */
  #failure: unknown;
  /** Something was written since the last clean end. */
  #dirty = false;
  #syncs = 0;
  #rolls = 0;

  constructor(context: LogContext, start: WriterStart) {
    this.#context = context;
    this.#chain = start.chain;
    this.#point = start.point;
    this.#nextLsn = start.nextLsn;
    this.#durableLsn = start.nextLsn - 1;
    this.#highestNumber = start.highestNumber;
    this.#active = start.resume;
    this.#spare = start.spare;
  }

  get writtenLsn(): number {
    return this.#nextLsn - 1;
  }

  get durableLsn(): number {
    return this.#durableLsn;
  }

  get syncs(): number {
    return this.#syncs;
  }

  get rolls(): number {
    return this.#rolls;
  }

  /** The segments as far as they are durable. */
  get durableChain(): readonly ChainSegment[] {
    const active = this.#active;
    if (active === undefined) return this.#chain;
    return this.#chain.map((segment) =>
      segment.header === active.header ? { ...segment, endBytes: active.durableBytes } : segment,
    );
  }

  /** Writes a data batch behind what was written before; nothing of it is durable yet. */
  async write(batch: BatchBuffer): Promise<void> {
    this.#checkFailure();
    const { settings } = this.#context;
    const { blockBytes } = settings;
    const length = roundUp(batchHeaderBytes + batch.bodyBytes, blockBytes);
    const old = this.#active;
    if (old !== undefined && old.position + length + blockBytes > old.header.segmentBytes)
      await this.#seal(old);
    const active = this.#active ?? (await this.#start(length));
    const unsyncedBytes = active.position - active.durableBytes;
    // A seal or a clean end must still fit within the limit.
    if (unsyncedBytes + length + blockBytes > settings.unsyncedBytesMax) await this.sync();
    const place = { position: active.position, nextLsn: this.#nextLsn, chain: active.chain };
    const { bytes, chain } = batch.finish(
      active.header.identity,
      place,
      { durableLsn: this.#durableLsn, durableBytes: active.durableBytes },
      settings.now(),
    );
    await this.#put(active, bytes);
    active.index.push({ firstLsn: this.#nextLsn, position: place.position });
    active.chain = chain;
    this.#nextLsn += batch.recordCount;
    if (settings.prepareAhead && active.position > active.header.segmentBytes / 2) this.#prepareNext();
  }

  /** Makes durable all that was written. */
  async sync(): Promise<void> {
    const active = this.#active;
    if (active === undefined || active.headerBlock !== undefined) return;
    if (active.durableBytes === active.position) return;
    // B5: acknowledgements and later promises stand on this one.
    await active.file.syncData();
    this.#syncs++;
    active.durableBytes = active.position;
    this.#durableLsn = this.writtenLsn;
  }

  /**
   * Writes records again that recovery could read and not prove durable: into a new segment, which supersedes the place where
   * they were read. Called before anything else, if at all.
   */
  async move(batches: readonly Batch[]): Promise<void> {
    const { settings, manifest } = this.#context;
    const { blockBytes } = settings;
    const data = batches.filter(({ header }) => header.kind === 'data');
    const lengths = data.map(({ body }) => roundUp(batchHeaderBytes + body.length, blockBytes));
    const length = lengths.reduce((sum, bytes) => sum + bytes, 0);
    const active = await this.#start(length, {
      durableBytes: blockBytes + length,
      // The records may be longer than what the options of today would accept.
      batchBytesMax: Math.max(settings.batchBytesMax, ...data.map(({ body }) => body.length)),
    });
    const headerBlock = active.headerBlock;
    active.headerBlock = undefined;
    for (const [index, { header, body }] of data.entries()) {
      const bytes = new Uint8Array(lengths[index] ?? 0);
      bytes.set(body, batchHeaderBytes);
      active.index.push({ firstLsn: this.#nextLsn, position: active.position });
      active.chain = encodeBatchHeader(bytes, 0, active.header.identity, {
        ...header,
        position: active.position,
        firstLsn: this.#nextLsn,
        durableLsn: this.#durableLsn,
        durableBytes: 0,
        chain: active.chain,
        blocks: bytes.length / blockBytes,
      });
      await this.#put(active, bytes);
      this.#nextLsn += header.recordCount;
    }
    // B8: until the header is valid, the old place speaks; so what it will speak for comes first.
    if (data.length > 0) await active.file.syncData();
    if (headerBlock !== undefined) await active.file.write([headerBlock], 0);
    // B9: recovery answers after this.
    await active.file.syncData();
    active.durableBytes = active.position;
    this.#durableLsn = this.writtenLsn;
    // No crash needs this one: without it the next recovery moves the same records once more.
    await manifest.update({ tail: this.#tailOf(active) });
  }

  /** Makes all durable and marks the clean end of the log. */
  async finish(): Promise<void> {
    await this.#next;
    this.#checkFailure();
    const active = this.#active;
    if (active === undefined || !this.#dirty) return;
    const { blockBytes } = this.#context.settings;
    const hasRoom = active.position + 2 * blockBytes <= active.header.segmentBytes;
    if (hasRoom) await this.#putMark(active, 'clean-end', new Uint8Array(0));
    else await this.#putMark(active, 'seal', encodeIndex(active.index, blockBytes));
    // B10: the manifest may speak of the clean end only once that is durable.
    await this.sync();
    await this.#context.manifest.update({ tail: this.#tailOf(active) });
    this.#dirty = false;
  }

  /** Removes the segments in which every record is older than `lsn`. May be called while something else is being done. */
  async truncateBefore(lsn: number): Promise<void> {
    const { place, manifest } = this.#context;
    const floor = this.#chain.findLast(({ header }) => header.baseLsn <= lsn)?.header;
    if (floor === undefined || floor === this.#chain[0]?.header) return;
    const { number } = floor.identity;
    // B12: in both slots, so that losing one never asks for a segment that is gone.
    await manifest.update({ floor: { number, lsn: floor.baseLsn } });
    await manifest.update({ floor: { number, lsn: floor.baseLsn } });
    const dropped = this.#chain.filter(({ header }) => header.identity.number < number);
    this.#chain = this.#chain.filter(({ header }) => header.identity.number >= number);
    for (const { header } of dropped) await removeIfThere(place.storage, pathOf(place, header.identity.name));
    await place.storage.syncDirectory(place.directory);
  }

  async close(): Promise<void> {
    const next = await this.#next;
    await next?.file.close();
    await this.#active?.file.close();
    this.#next = undefined;
    this.#active = undefined;
  }

  async #seal(active: ActiveSegment): Promise<void> {
    await this.#putMark(active, 'seal', encodeIndex(active.index, this.#context.settings.blockBytes));
    // B7: the successor's header will say that this segment is whole.
    await this.sync();
    const { number, epoch } = active.header.identity;
    this.#point = { number, epoch, endBytes: active.position, chain: active.chain };
    this.#chain = this.durableChain;
    this.#active = undefined;
    this.#rolls++;
    await active.file.close();
  }

  /** A new segment with room for `length` bytes of batches; its header is written with the first of them. */
  async #start(
    length: number,
    differences: Partial<Pick<SegmentHeader, 'durableBytes' | 'batchBytesMax'>> = {},
  ): Promise<ActiveSegment> {
    const { manifest, settings } = this.#context;
    const { blockBytes, batchBytesMax, unsyncedBytesMax } = settings;
    const ready = await this.#takeReady(length + 3 * blockBytes);
    const headerBlock = new Uint8Array(blockBytes);
    const header = encodeSegmentHeader(headerBlock, manifest.current.logId, {
      identity: ready.identity,
      blockBytes,
      segmentBytes: ready.bytes,
      batchBytesMax,
      unsyncedBytesMax,
      baseLsn: this.#nextLsn,
      createdAtMs: settings.now(),
      predecessor: this.#point,
      durableBytes: 0,
      ...differences,
    });
    const active: ActiveSegment = {
      header,
      file: ready.file,
      position: blockBytes,
      chain: header.crc,
      durableBytes: 0,
      index: [],
      headerBlock,
    };
    this.#active = active;
    this.#chain = extendChain(this.#chain, header);
    return active;
  }

  async #putMark(active: ActiveSegment, kind: 'seal' | 'clean-end', body: Uint8Array): Promise<void> {
    const { settings } = this.#context;
    const bytes = new Uint8Array(settings.blockBytes);
    bytes.set(body, batchHeaderBytes);
    active.chain = encodeBatchHeader(bytes, 0, active.header.identity, {
      kind,
      recordCount: 0,
      position: active.position,
      firstLsn: this.#nextLsn,
      durableLsn: this.#durableLsn,
      durableBytes: active.durableBytes,
      bodyBytes: body.length,
      bodyCrc: crc32c(body),
      chain: active.chain,
      blocks: 1,
      issuedAtMs: settings.now(),
    });
    await this.#put(active, bytes);
  }

  async #put(active: ActiveSegment, bytes: Uint8Array): Promise<void> {
    const { headerBlock } = active;
    if (headerBlock === undefined) await active.file.write([bytes], active.position);
    else await active.file.write([headerBlock, bytes], 0);
    active.headerBlock = undefined;
    active.position += bytes.length;
    this.#dirty = true;
  }

  #tailOf({ header, durableBytes }: ActiveSegment) {
    return { number: header.identity.number, bytes: durableBytes, nextLsn: this.#nextLsn };
  }

  /** In the background. A full disk may have room again when the segment is needed; any other failure is the log's. */
  #prepareNext(): void {
    if (this.#isPreparing || this.#spare !== undefined) return;
    this.#isPreparing = true;
    const { segmentBytes } = this.#context.settings;
    this.#next = prepareSegment(this.#context, ++this.#highestNumber, segmentBytes).catch((error) => {
      if (!(error instanceof StorageError && error.code === 'full')) this.#failure = error;
      return undefined;
    });
  }

  async #takeReady(bytes: number): Promise<ReadySegment> {
    const { segmentBytes } = this.#context.settings;
    const next = await this.#next;
    this.#checkFailure();
    const ready =
      next ??
      (this.#spare !== undefined
        ? await adoptSegment(this.#context, this.#spare)
        : await prepareSegment(this.#context, ++this.#highestNumber, Math.max(segmentBytes, bytes)));
    this.#next = undefined;
    this.#isPreparing = false;
    this.#spare = undefined;
    return ready.bytes < bytes ? growSegment(ready, bytes) : ready;
  }

  #checkFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
