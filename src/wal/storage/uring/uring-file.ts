import { allocateAligned } from '../aligned-memory.ts';
import { BufferedFile, joined, type OpenedFile } from '../buffered-file.ts';
import { alignedBytes, isWhole } from '../direct-file.ts';
import type { Request, Ring } from './ring.ts';

/** The most that the kernel writes at once is a little less than 2 GiB. */
const writeBytesMax = 2 ** 30;

/**
 * A file whose durable writes are a chain in an io_uring: write, then fdatasync, which is cancelled if the write is not whole. The
 * barrier covers the whole file, so plain writes before need no care. Whole blocks go past the page cache.
 */
export class UringFile extends BufferedFile {
  readonly #ring: Ring;
  readonly #unitBytes: number | undefined;
  readonly #release: () => void;

  /** `unitBytes`: what O_DIRECT takes multiples of; undefined where it is refused. `release` is called at the end. */
  constructor(opened: OpenedFile, ring: Ring, unitBytes: number | undefined, release: () => void) {
    super(opened);
    this.#ring = ring;
    this.#unitBytes = unitBytes;
    this.#release = release;
  }

  override sync(): Promise<void> {
    this.#settle();
    return super.sync();
  }

  override syncData(): Promise<void> {
    return this.#run('sync', [{ kind: 'sync-data', descriptor: this.descriptor }]);
  }

  override writeDurably(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const unit = this.#unitBytes;
    const direct = unit !== undefined && isWhole(buffers, position, unit) ? this.direct() : undefined;
    const bytes =
      unit === undefined || direct === undefined
        ? joined(buffers)
        : alignedBytes(buffers, unit, allocateAligned);
    const descriptor = direct ?? this.descriptor;
    const requests: Request[] = [];
    for (let at = 0; at < bytes.length; at += writeBytesMax)
      requests.push({
        kind: 'write',
        descriptor,
        bytes: bytes.subarray(at, at + writeBytesMax),
        position: position + at,
      });
    return this.#run('write durably', [...requests, { kind: 'sync-data', descriptor }]);
  }

  override async close(): Promise<void> {
    this.#settle();
    try {
      await super.close();
    } finally {
      this.#release();
    }
  }

  /** Every system call comes after what is queued. */
  protected override attempt<T>(what: string, call: () => T): T {
    this.#settle();
    return super.attempt(what, call);
  }

  /** Calls on one file are carried out in the order they were made: only those on different files share a submission. */
  #run(what: string, requests: readonly Request[]): Promise<void> {
    this.#settle();
    return this.#ring.run(this, `${what} ${this.path}`, requests);
  }

  #settle(): void {
    this.#ring.settle(this);
  }
}
