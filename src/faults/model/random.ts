import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded stream of choices. The same seed and label give the same stream, on every machine. */
export interface Random {
  /** A whole number from 0 to `limit - 1`; `limit` is 1 to 2^32. */
  below(limit: number): number;
  /** True with probability `numerator / denominator`. */
  chance(numerator: number, denominator: number): boolean;
  bytes(length: number): Uint8Array;
  /** A stream of its own, independent of how far this one was read. */
  fork(label: string): Random;
}

export function createRandom(seed: number, label = ''): Random {
  const generator = xoroshiro128plus(mix(seed, label));
  const below = (limit: number) => uniformInt(generator, 0, limit - 1);
  return {
    below,
    chance: (numerator, denominator) => below(denominator) < numerator,
    bytes(length) {
      const result = new Uint8Array(length);
      for (let index = 0; index < length; index++) result[index] = below(256);
      return result;
    },
    fork: (name) => createRandom(seed, `${label}/${name}`),
  };
}

/** FNV-1a over the label, started from the seed: spreads labels over the generator's 32-bit seed space. */
function mix(seed: number, label: string): number {
  let hash = (seed ^ 0x811c9dc5) | 0;
  for (let index = 0; index < label.length; index++) {
    hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
  }
  return hash;
}
