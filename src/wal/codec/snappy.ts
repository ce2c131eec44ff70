import { compressSync, uncompressSync } from 'snappy';
import { WalError } from '../errors.ts';
import type { Codec } from './codec.ts';

/** Snappy blocks, without a frame. */
export const snappy: Codec = {
  compress: (body) => compressSync(body),
  decompress(stored, rawBytes) {
    // A block begins with its raw length, and the library allocates that before it looks further.
    const announced = readVarint(stored);
    if (announced !== rawBytes)
      throw new WalError('corrupt', `a Snappy block of ${announced} bytes where ${rawBytes} are expected`);
    const body = uncompressSync(stored, { asBuffer: true });
    return typeof body === 'string' ? Buffer.from(body) : body;
  },
};

/** Seven bits a byte, the lowest first, at most 32 bits. */
function readVarint(bytes: Uint8Array): number {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) break;
  }
  return value;
}
