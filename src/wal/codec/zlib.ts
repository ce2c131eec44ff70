import zlib from 'node:zlib';
import { WalError } from '../errors.ts';
import type { Codec } from './codec.ts';

/** Raw DEFLATE, at the level that is fastest: the disk is what a log waits for. */
export const deflate: Codec = {
  compress: (body) => zlib.deflateRawSync(body, { level: zlib.constants.Z_BEST_SPEED }),
  decompress: (stored, rawBytes) => zlib.inflateRawSync(stored, { maxOutputLength: rawBytes }),
};

/** Node's own, which Node 20 does not have yet and its types do not know. */
interface ZstandardCalls {
  zstdCompressSync?: (body: Uint8Array) => Uint8Array;
  zstdDecompressSync?: (stored: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
}

/** Throws `unsupported` where this Node has none. */
export function zstandard(calls: ZstandardCalls = zlib as ZstandardCalls): Codec {
  const { zstdCompressSync, zstdDecompressSync } = calls;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined)
    throw new WalError(
      'unsupported',
      `codec zstd needs Node 22.15 or later; this is ${process.version}. Use codec lz4, snappy or zlib`,
    );
  return {
    compress: (body) => zstdCompressSync(body),
    decompress: (stored, rawBytes) => zstdDecompressSync(stored, { maxOutputLength: rawBytes }),
  };
}
