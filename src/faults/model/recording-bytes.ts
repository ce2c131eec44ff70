/**
 * Bytes in a recording file: base64 text, or, where long runs of zeros are among them, a list of pieces: base64 text,
 * and whole numbers that stand for so many zeros.
 */
export type EncodedBytes = string | readonly (string | number)[];

/** A shorter run costs less as base64 than as a piece of its own. */
const zeroRunBytesMin = 48;

export function encodeBytes(bytes: Uint8Array): EncodedBytes {
  const pieces: (string | number)[] = [];
  let plainFrom = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = zeroRunEnd(bytes, at);
    if (end - at < zeroRunBytesMin) {
      at = Math.max(at + 1, end);
      continue;
    }
    if (at > plainFrom) pieces.push(base64(bytes, plainFrom, at));
    pieces.push(end - at);
    at = end;
    plainFrom = end;
  }
  if (pieces.length === 0) return base64(bytes, 0, bytes.length);
  if (bytes.length > plainFrom) pieces.push(base64(bytes, plainFrom, bytes.length));
  return pieces;
}

/** Throws an Error that says what is wrong with the text. */
export function decodeBytes(encoded: EncodedBytes): Uint8Array {
  if (typeof encoded === 'string') return fromBase64(encoded);
  const parts = encoded.map((piece) => (typeof piece === 'string' ? fromBase64(piece) : piece));
  const length = parts.reduce<number>(
    (sum, part) => sum + (typeof part === 'number' ? part : part.length),
    0,
  );
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part !== 'number') bytes.set(part, at);
    at += typeof part === 'number' ? part : part.length;
  }
  return bytes;
}

function zeroRunEnd(bytes: Uint8Array, from: number): number {
  let end = from;
  while (end < bytes.length && bytes[end] === 0) end++;
  return end;
}

function base64(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('base64');
}

function fromBase64(text: string): Uint8Array {
  const buffer = Buffer.from(text, 'base64');
  // Buffer skips what is not base64; written back, it must be the same text.
  if (buffer.toString('base64') !== text) throw new Error(`not base64: ${JSON.stringify(text.slice(0, 32))}`);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
