import type { Batch } from '../batch.ts';
import { type ChainSegment, extendChain } from '../chain.ts';
import { packBody } from '../codec/codec.ts';
import {
  batchHeaderBytes,
  encodeSegmentHeader,
  type LogPoint,
  roundUp,
  type SegmentHeader,
  type SegmentIdentity,
} from '../format.ts';
import { pathOf } from '../place.ts';
import { type Cut, findCut } from '../read/find-cut.ts';
import { releaseAll, removeIfThere } from '../storage/storage-calls.ts';
import { StorageError } from '../storage.ts';
import { ActiveSegment, type ActiveSegmentState, type Stamp } from './active-segment.ts';
import type { BatchBuffer } from './batch-buffer.ts';
import { adoptSegment, growSegment, type LogContext, prepareSegment, type ReadySegment } from './prepare.ts';

/** Where writing starts, as recovery found it. */
export interface WriterStart {
  readonly chain: readonly ChainSegment[];
  /** What the next new segment is linked to. */
  readonly point: LogPoint;
  readonly nextLsn: number;
  /** The highest number that any segment file had. */
  readonly highestNumber: number;
  /** A segment to go on in, behind its clean end. */
  readonly resume?: ActiveSegmentState;
  /** A segment that was made ready and never used. */
  readonly spare?: SegmentIdentity;
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
  /** Files of sealed segments are being closed: all in them is durable, and nobody waits for that. */
  #closing: Promise<void> = Promise.resolve();
  /** Why one of these two failed otherwise. */
  #failure: unknown;
  /** The log ends with a clean end, or is as recovery found it. */
  #isMarked = true;
  #syncs = 0;
  #rolls = 0;

  constructor(context: LogContext, start: WriterStart) {
    this.#context = context;
    this.#chain = start.chain;
    this.#point = start.point;
    this.#nextLsn = start.nextLsn;
    this.#durableLsn = start.nextLsn - 1;
    this.#highestNumber = start.highestNumber;
    this.#active = start.resume === undefined ? undefined : new ActiveSegment(start.resume);
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

  /** Writes a data batch behind what was written before; `durably`: and makes all that was written durable. */
  async write(batch: BatchBuffer, durably: boolean): Promise<void> {
    this.#checkFailure();
    const { settings, observer } = this.#context;
    const { blockBytes, unsyncedBytesMax } = settings;
    const begunAt = observer.now();
    const { bodyBytes, recordCount } = batch;
    const length = batch.pack();
    if (this.#active?.hasRoom(length) === false) await this.#seal(this.#active);
    const active = this.#active ?? (await this.#start(length));
    // A seal or a clean end must still fit within the limit.
    const unsyncedBytes = active.position - active.durableBytes + length + blockBytes;
    if (unsyncedBytes > unsyncedBytesMax) await this.sync();
    // B5, as in `sync`.
    await active.writeBatch(batch, this.#stamp(), durably);
    this.#nextLsn += recordCount;
    observer.committed(recordCount, bodyBytes, length, durably, this.writtenLsn, begunAt);
    if (durably) this.#countSync();
    this.#isMarked = false;
    if (settings.prepareAhead && active.position > active.header.segmentBytes / 2) this.#prepareNext();
  }

  /** Makes durable all that was written. */
  async sync(): Promise<void> {
    // B5: acknowledgements and later promises stand on this one.
    if ((await this.#active?.sync()) === true) this.#countSync();
  }

  #countSync(): void {
    this.#syncs++;
    this.#durableLsn = this.writtenLsn;
    this.#context.observer.durable(this.#durableLsn);
  }

  /**
   * Writes records again that recovery could read and not prove durable: into a new segment, which supersedes the place where
   * they were read. While nothing is being written.
   */
  async move(batches: readonly Batch[]): Promise<void> {
    const { settings, encoding } = this.#context;
    const { blockBytes, batchBytesMax } = settings;
    const data = batches
      .filter(({ header }) => header.kind === 'data')
      .map(({ header, body }) => ({
        recordCount: header.recordCount,
        rawBytes: body.length,
        stored: packBody(encoding.codec, body),
      }));
    const length = data.reduce(
      (sum, { stored }) => sum + roundUp(batchHeaderBytes + stored.length, blockBytes),
      0,
    );
    const active = await this.#start(length, {
      durableBytes: blockBytes + length,
      // The records may be longer than what the options of today would accept.
      batchBytesMax: data.reduce((most, { rawBytes }) => Math.max(most, rawBytes), batchBytesMax),
    });
    await active.moveIn(data, this.#stamp());
    this.#nextLsn += data.reduce((sum, { recordCount }) => sum + recordCount, 0);
    this.#durableLsn = this.writtenLsn;
    this.#isMarked = false;
    // B11. Without it the next update would write the other slot while this one is not durable either: a power cut that tears both
    // would leave no manifest. It also spares the next recovery the same move.
    await this.#recordTail(active);
  }

  /** The next record gets this LSN, if it would have got a lower one. While nothing is being written. */
  async skipTo(lsn: number): Promise<void> {
    if (lsn <= this.#nextLsn) return;
    // Within a segment LSNs have no gaps.
    await this.roll();
    this.#nextLsn = lsn;
    this.#durableLsn = lsn - 1;
  }

  /** Makes all durable and marks the clean end of the log. */
  async finish(): Promise<void> {
    await this.#next;
    this.#checkFailure();
    const active = this.#active;
    if (active === undefined || this.#isMarked) return;
    const kind = active.hasRoom(active.header.blockBytes) ? 'clean-end' : 'seal';
    // B10: the manifest may speak of the clean end only once that is durable.
    await active.writeMark(kind, this.#stamp());
    this.#countSync();
    // No crash needs this one: without it damage to the end of a closed log could not be told from a torn write.
    await this.#recordTail(active);
    this.#isMarked = true;
  }

  isActive({ identity }: SegmentHeader): boolean {
    return this.#active?.header.identity.name === identity.name;
  }

  /** Ends the segment that is being written, so that its file may be replaced. While nothing is being written. */
  async roll(): Promise<void> {
    if (this.#active !== undefined) await this.#seal(this.#active);
    await this.#closing;
  }

  /** Removes the segments in which every record is older than `lsn`. May be called while something else is being done. */
  async truncateBefore(lsn: number): Promise<void> {
    const { manifest } = this.#context;
    const isDurable = ({ endBytes }: ChainSegment) => endBytes > 0;
    const floor = this.durableChain.filter(isDurable).findLast(({ header }) => header.baseLsn <= lsn)?.header;
    if (floor === undefined || floor === this.#chain[0]?.header) return;
    const { number } = floor.identity;
    // B12: in both slots, so that losing one never asks for a segment that is gone.
    await manifest.update({ floor: { number, lsn: floor.baseLsn } });
    await manifest.update({ floor: { number, lsn: floor.baseLsn } });
    const dropped = this.#chain.filter(({ header }) => header.identity.number < number);
    this.#chain = this.#chain.filter(({ header }) => header.identity.number >= number);
    await this.#removeSegments(dropped);
  }

  async #removeSegments(segments: readonly ChainSegment[]): Promise<void> {
    const { place } = this.#context;
    for (const { header } of segments)
      await removeIfThere(place.storage, pathOf(place, header.identity.name));
    // B13. No crash needs it: a segment that comes back is removed again.
    await place.storage.syncDirectory(place.directory);
  }

  /** Where the log ends behind record `lsn`, which it holds, or behind none. All that was written is durable. */
  findCut(lsn: number): Promise<Cut> {
    return findCut(this.#context.place, this.durableChain, lsn);
  }

  /**
   * Ends the log there. The records of a batch that is cut in two are moved: until the new segment's header is valid, the log is as
   * it was (B8, B9).
   */
  async cutAt({ point, nextLsn, rest }: Cut): Promise<void> {
    const chain = this.durableChain;
    await this.#active?.close();
    this.#active = undefined;
    this.#chain = chain;
    this.#point = point;
    this.#nextLsn = nextLsn;
    this.#durableLsn = nextLsn - 1;
    await this.move(rest);
    await this.#removeSegments(chain.filter(({ header }) => header.identity.number > point.number));
  }

  async close(): Promise<void> {
    const next = await this.#next;
    const active = this.#active;
    this.#next = undefined;
    this.#active = undefined;
    await releaseAll([() => next?.file.close(), () => active?.close(), () => this.#closing]);
  }

  async #seal(active: ActiveSegment): Promise<void> {
    // B7: the successor's header will say that this segment is whole.
    await active.writeMark('seal', this.#stamp());
    this.#countSync();
    this.#point = active.end;
    this.#chain = this.durableChain;
    this.#active = undefined;
    this.#rolls++;
    const { identity, baseLsn } = active.header;
    this.#context.observer.sealed({
      file: identity.name,
      number: identity.number,
      firstLsn: baseLsn,
      lastLsn: this.writtenLsn,
      bytes: active.end.endBytes,
    });
    this.#closing = Promise.all([this.#closing, active.close()]).then(
      () => undefined,
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
  }

  /** A new segment with room for `length` bytes of batches; its header is written with the first of them. */
  async #start(
    length: number,
    differences: Partial<Pick<SegmentHeader, 'durableBytes' | 'batchBytesMax'>> = {},
  ): Promise<ActiveSegment> {
    const { manifest, settings } = this.#context;
    const { blockBytes, batchBytesMax, unsyncedBytesMax, codec } = settings;
    const ready = await this.#takeReady(length + 3 * blockBytes);
    const headerBlock = new Uint8Array(blockBytes);
    const header = encodeSegmentHeader(headerBlock, manifest.current.logId, {
      identity: ready.identity,
      blockBytes,
      segmentBytes: ready.bytes,
      batchBytesMax,
      unsyncedBytesMax,
      codec,
      baseLsn: this.#nextLsn,
      createdAtMs: settings.now(),
      predecessor: this.#point,
      durableBytes: 0,
      ...differences,
    });
    this.#active = new ActiveSegment({
      header,
      file: ready.file,
      position: blockBytes,
      chain: header.crc,
      durableBytes: 0,
      index: [],
      headerBlock,
    });
    this.#chain = extendChain(this.#chain, header);
    this.#context.observer.rolled(header);
    return this.#active;
  }

  #stamp(): Stamp {
    const issuedAtMs = this.#context.settings.now();
    return { nextLsn: this.#nextLsn, durableLsn: this.#durableLsn, issuedAtMs };
  }

  async #recordTail({ header, durableBytes }: ActiveSegment): Promise<void> {
    const { number } = header.identity;
    await this.#context.manifest.update({ tail: { number, bytes: durableBytes, nextLsn: this.#nextLsn } });
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
