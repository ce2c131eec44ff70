import { crc32c } from './crc32c.ts';
import { WalError } from './errors.ts';
import { formatVersion, hasText, putText, putU64, takeU64, viewOf } from './format.ts';
import { makeFile } from './make-file.ts';
import { type LogPlace, pathOf } from './place.ts';
import type { StorageFile } from './storage.ts';

/** docs/wal-format.md section 6: two slots, written in turn; the valid one with the higher generation counts (I13). */
export interface Manifest {
  readonly generation: number;
  /** 16 random bytes. */
  readonly logId: Uint8Array;
  readonly createdAtMs: number;
  /** Where the log starts. */
  readonly floor: { readonly number: number; readonly lsn: number };
  /** The last segment whose name was made durable; number 0 for none. A lower bound. */
  readonly published: { readonly number: number; readonly epoch: number };
  /** A segment that held `bytes` durable bytes, up to but not including LSN `nextLsn`; number 0 for none. A lower bound. */
  readonly tail: { readonly number: number; readonly bytes: number; readonly nextLsn: number };
  /** 2: the log has a mirror, and is not opened for writing without it unless that is asked for. */
  readonly copies: 1 | 2;
}

export type ManifestChange = Partial<Pick<Manifest, 'floor' | 'published' | 'tail' | 'copies'>>;

const manifestMagic = 'pcutman1';
export const manifestName = 'manifest';
const manifestTemporaryName = 'manifest.tmp';
export const slotBytes = 256;
/** More than any disk's physical block: writing one slot never harms the other. */
const slotStrideBytes = 16_384;
export const slotOffsets: readonly number[] = [0, slotStrideBytes];

export function encodeManifest(manifest: Manifest): Uint8Array {
  const bytes = new Uint8Array(slotBytes);
  const view = viewOf(bytes);
  putText(bytes, 0, manifestMagic);
  view.setUint16(12, formatVersion, true);
  view.setUint16(14, slotBytes, true);
  putU64(view, 24, manifest.generation);
  bytes.set(manifest.logId, 32);
  putU64(view, 48, manifest.createdAtMs);
  putU64(view, 56, manifest.floor.number);
  putU64(view, 64, manifest.floor.lsn);
  putU64(view, 72, manifest.published.number);
  putU64(view, 80, manifest.published.epoch);
  putU64(view, 88, manifest.tail.number);
  putU64(view, 96, manifest.tail.bytes);
  putU64(view, 104, manifest.tail.nextLsn);
  view.setUint8(112, manifest.copies);
  view.setUint32(8, crc32c(bytes.subarray(12)), true);
  return bytes;
}

/** undefined if the slot is damaged or was never written; throws `unsupported` for a later version. */
export function decodeManifest(bytes: Uint8Array): Manifest | undefined {
  const view = viewOf(bytes);
  if (bytes.length < slotBytes || !hasText(bytes, 0, manifestMagic)) return undefined;
  if (view.getUint32(8, true) !== crc32c(bytes.subarray(12, slotBytes))) return undefined;
  if (view.getUint16(12, true) !== formatVersion || view.getUint32(20, true) !== 0)
    throw new WalError(
      'unsupported',
      'the manifest was written by a later version of this log: use that version',
    );
  return {
    generation: takeU64(view, 24),
    logId: bytes.slice(32, 48),
    createdAtMs: takeU64(view, 48),
    floor: { number: takeU64(view, 56), lsn: takeU64(view, 64) },
    published: { number: takeU64(view, 72), epoch: takeU64(view, 80) },
    tail: { number: takeU64(view, 88), bytes: takeU64(view, 96), nextLsn: takeU64(view, 104) },
    copies: view.getUint8(112) === 2 ? 2 : 1,
  };
}

/** The manifest as it is now, for those who do not write; undefined if no slot is valid, for instance while it is written. */
export async function readManifest(place: LogPlace): Promise<Manifest | undefined> {
  const file = await place.storage.open(pathOf(place, manifestName), 'read');
  try {
    return (await readSlots(file))[0];
  } finally {
    await file.close();
  }
}

/** The manifest on disk. Changes are carried out one after the other; each is durable when it settles. */
export class ManifestFile {
  readonly #file: StorageFile;
  #manifest: Manifest;
  #nextGeneration: number;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: StorageFile, manifest: Manifest, nextGeneration: number) {
    this.#file = file;
    this.#manifest = manifest;
    this.#nextGeneration = nextGeneration;
  }

  get current(): Manifest {
    return this.#manifest;
  }

  static async create(
    place: LogPlace,
    seed: Pick<Manifest, 'logId' | 'createdAtMs'> & Partial<Pick<Manifest, 'copies'>>,
  ): Promise<ManifestFile> {
    const manifest: Manifest = {
      generation: 1,
      copies: 1,
      ...seed,
      floor: { number: 1, lsn: 1 },
      published: { number: 0, epoch: 0 },
      tail: { number: 0, bytes: 0, nextLsn: 1 },
    };
    // B2: the manifest is whole before it has its name, and has its name before anything relies on it.
    await makeFile(place, manifestName, manifestTemporaryName, (file) =>
      file.write([encodeManifest(manifest)], slotOffset(manifest.generation)),
    );
    const file = await place.storage.open(pathOf(place, manifestName), 'write');
    return new ManifestFile(file, manifest, manifest.generation + 1);
  }

  /** Answers undefined if neither slot is valid. */
  static async open(place: LogPlace): Promise<ManifestFile | undefined> {
    const file = await place.storage.open(pathOf(place, manifestName), 'write');
    const [newest, older] = await readSlots(file);
    if (newest !== undefined) {
      // With one valid slot, that one is durable: the write of the other was cut short, or never begun. With two, the older was
      // durable before the newer one was issued, and the newer may be in the page cache alone; a barrier now would not
      // prove otherwise if one failed before. So the slot that is overwritten first is the one that may not be durable.
      return new ManifestFile(file, newest, newest.generation + (older === undefined ? 1 : 2));
    }
    await file.close();
    return undefined;
  }

  /** After one failed, all fail, with its cause. */
  update(change: ManifestChange): Promise<void> {
    this.#last = this.#last.then(() => this.#write(change));
    this.#last.catch(() => undefined);
    return this.#last;
  }

  /**
   * Writes both slots anew, in every copy, if one of them is damaged: the damaged one first, since the other may be the only valid
   * one. Answers where that was, copies counted from 0.
   */
  async mend(): Promise<readonly { readonly copy: number; readonly offset: number }[]> {
    await this.#last;
    const damaged: { copy: number; offset: number }[] = [];
    const { generation } = this.#manifest;
    for (const [copy, file] of (this.#file.copies ?? [this.#file]).entries()) {
      for (const offset of slotOffsets) {
        // The second slot of a new manifest was never written.
        const isMeant = generation > 1 || offset === slotOffset(generation);
        if (isMeant && (await readSlot(file, offset)) === undefined) damaged.push({ copy, offset });
      }
    }
    if (damaged.length === 0) return damaged;
    if (damaged.some(({ offset }) => offset !== slotOffset(this.#nextGeneration))) this.#nextGeneration++;
    await this.update({});
    await this.update({});
    return damaged;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#file.close();
  }

  async #write(change: ManifestChange): Promise<void> {
    const generation = this.#nextGeneration;
    const manifest = { ...this.#manifest, ...change, generation };
    await this.#file.write([encodeManifest(manifest)], slotOffset(generation));
    await this.#file.sync();
    this.#manifest = manifest;
    this.#nextGeneration = generation + 1;
  }
}

function slotOffset(generation: number): number {
  return (generation % 2) * slotStrideBytes;
}

/** The valid slots of all copies, the newest first, each generation once. */
async function readSlots(file: StorageFile): Promise<Manifest[]> {
  const copies = file.copies ?? [file];
  const slots = await Promise.all(
    copies.flatMap((copy) => slotOffsets.map((offset) => readSlot(copy, offset))),
  );
  const valid = slots.filter((slot) => slot !== undefined);
  const isFirst = (slot: Manifest, index: number) =>
    valid.findIndex(({ generation }) => generation === slot.generation) === index;
  return valid.filter(isFirst).sort((left, right) => right.generation - left.generation);
}

/** A slot that the disk cannot read is a damaged one. */
async function readSlot(file: StorageFile, offset: number): Promise<Manifest | undefined> {
  const bytes = new Uint8Array(slotBytes);
  const count = await file.read(bytes, offset).catch(() => 0);
  return count === slotBytes ? decodeManifest(bytes) : undefined;
}
