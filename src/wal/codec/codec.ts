import { WalError } from '../errors.ts';
import type { CodecName } from '../format.ts';
import { type ContentHash, loadContentHash } from './content-hash.ts';

/** Compresses the bodies of batches. docs/wal-format.md section 3.1 numbers the codecs. */
export interface Codec {
  compress(body: Uint8Array): Uint8Array;
  /**
   * The body, if `stored` is one of exactly `rawBytes` bytes. Else it throws, or answers something of another length. Never
   * allocates more than `rawBytes` for the answer, whatever `stored` says of itself.
   */
  decompress(stored: Uint8Array, rawBytes: number): Uint8Array;
}

/** What is done to records and batches on their way to the disk; undefined: nothing. */
export interface Encoding {
  readonly codec: Codec | undefined;
  readonly contentHash: ContentHash | undefined;
}

const loaders: Record<Exclude<CodecName, 'none'>, () => Promise<Codec>> = {
  lz4: async () => (await import('./lz4.ts')).lz4,
  snappy: async () => (await import('./snappy.ts')).snappy,
  zlib: async () => (await import('./zlib.ts')).deflate,
  zstd: async () => (await import('./zlib.ts')).zstandard(),
};

const packages: Partial<Record<CodecName, string>> = { lz4: 'lz4-napi', snappy: 'snappy' };

/** Undefined for `none`. Rejects with `unsupported` where the codec's library is missing. */
export async function loadCodec(name: CodecName): Promise<Codec | undefined> {
  if (name === 'none') return undefined;
  try {
    return await loaders[name]();
  } catch (cause) {
    if (cause instanceof WalError) throw cause;
    const library = packages[name];
    const remedy = library === undefined ? '' : `. Install the package ${library} (npm install ${library})`;
    throw new WalError('unsupported', `codec ${name} cannot be loaded${remedy}`, { cause });
  }
}

export async function loadEncoding(codec: CodecName, isHashed: boolean): Promise<Encoding> {
  return { codec: await loadCodec(codec), contentHash: isHashed ? await loadContentHash() : undefined };
}

/** What a batch stores: the compressed body where that is shorter, else the body itself. */
export function packBody(codec: Codec | undefined, body: Uint8Array): Uint8Array {
  if (codec === undefined) return body;
  const packed = codec.compress(body);
  return packed.length < body.length ? packed : body;
}

/** How many bytes each stored byte can stand for at most, by the codec's format. */
const expansionMax: Record<CodecName, number> = { none: 1, lz4: 255, snappy: 64, zlib: 1032, zstd: 32_768 };

/** The body that a batch of a segment with this codec stores compressed; undefined if `stored` is not one of `rawBytes`. */
export async function unpackBody(
  name: CodecName,
  stored: Uint8Array,
  rawBytes: number,
): Promise<Uint8Array | undefined> {
  // A raw length beyond that is a lie: nothing is allocated for it (I19).
  if (rawBytes > (stored.length + 16) * expansionMax[name]) return undefined;
  const codec = await loadCodec(name);
  try {
    const body = codec?.decompress(stored, rawBytes);
    return body?.length === rawBytes ? body : undefined;
  } catch {
    return undefined;
  }
}
