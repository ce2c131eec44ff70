/** Comparing values without walking them twice. */

const keys = new WeakMap<Uint8Array, string>();

/** A string that is equal for equal bytes: a key for maps. */
export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** As {@link keyOf}, kept for the life of the bytes. For those of a workload, which every judgement asks for again. */
export function keyOfIssued(bytes: Uint8Array): string {
  let key = keys.get(bytes);
  if (key === undefined) {
    key = keyOf(bytes);
    keys.set(bytes, key);
  }
  return key;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && Buffer.compare(a, b) === 0);
}

/** How two different values differ first: `cut after byte 12`, `byte 12 is 0x00, not 0x61`. */
export function describeDifference(expected: Uint8Array, actual: Uint8Array): string {
  const common = Math.min(expected.length, actual.length);
  let at = 0;
  while (at < common && expected[at] === actual[at]) at++;
  if (at < common) return `byte ${at} is ${hex(actual[at])}, not ${hex(expected[at])}`;
  return actual.length < expected.length
    ? `cut after ${actual.length} of ${expected.length} bytes`
    : `${actual.length - expected.length} bytes follow its end`;
}

function hex(byte = 0): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
