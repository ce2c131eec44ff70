import type { Random } from '../../src/faults/model/random.ts';

/**
 * A value that tells where it comes from: `name`, a space, then seeded bytes. Its length favours what storage formats
 * trip over: as short as it can be, just around a sector and a page, exactly the most, and anything between.
 */
export function createValue(random: Random, name: string, bytesMax: number): Uint8Array {
  return createValueOfLength(
    random,
    name,
    Math.min(bytesMax, chooseLength(random, name.length + 1, bytesMax)),
  );
}

/** Never shorter than `name` and the space, since a value that does not carry its name could not be told from another one. */
export function createValueOfLength(random: Random, name: string, lengthBytes: number): Uint8Array {
  const label = new TextEncoder().encode(`${name} `);
  const length = Math.max(label.length, lengthBytes);
  const value = new Uint8Array(length);
  value.set(label);
  value.set(chooseFiller(random, length - label.length), label.length);
  return value;
}

function chooseLength(random: Random, labelBytes: number, bytesMax: number): number {
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return labelBytes + random.below(24);
    case 3:
    case 4:
      return around(random, 512, bytesMax);
    case 5:
      return around(random, 4096, bytesMax);
    case 6:
      return bytesMax;
    default:
      return anyLength(random, bytesMax);
  }
}

/** Up to 64 bytes before a boundary, so that value and framing together end before, on and after it, or a little past it. */
function around(random: Random, boundary: number, bytesMax: number): number {
  const length = boundary - 64 + random.below(80);
  return length > bytesMax ? anyLength(random, bytesMax) : length;
}

function anyLength(random: Random, bytesMax: number): number {
  return 1 + random.below(bytesMax);
}

const letters = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz012345');

/** Half of the values are text; the rest raw bytes, zeros to the end, or raw bytes with a run of zeros inside. */
function chooseFiller(random: Random, length: number): Uint8Array {
  switch (random.below(6)) {
    case 0:
      return random.bytes(length);
    case 1:
      return new Uint8Array(length);
    case 2: {
      const filler = random.bytes(length);
      const from = random.below(length + 1);
      return filler.fill(0, from, from + random.below(length + 1));
    }
    default:
      return random.bytes(length).map((byte) => letters[byte % letters.length] ?? 0);
  }
}
