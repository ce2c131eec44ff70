import { compressSync, uncompressSync } from 'lz4-napi';
import { viewOf } from '../format.ts';
import type { Codec } from './codec.ts';

/** The library puts the raw length before each block; the batch's header has it already. */
const lengthBytes = 4;

/** LZ4 blocks, without a frame. */
export const lz4: Codec = {
  compress(body) {
    return compressSync(Buffer.from(body.buffer, body.byteOffset, body.length)).subarray(lengthBytes);
  },
  decompress(stored, rawBytes) {
    const block = new Uint8Array(lengthBytes + stored.length);
    viewOf(block).setUint32(0, rawBytes, true);
    block.set(stored, lengthBytes);
    return uncompressSync(block);
  },
};
