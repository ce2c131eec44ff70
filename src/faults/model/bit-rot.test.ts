import { describe, expect, it } from 'vitest';
import { bitRotStates, sweepBitRot } from './bit-rot.ts';
import { readContent } from './content.ts';
import { takeApart } from './effects.ts';
import { create, link, mkdir, program, truncate, unlink, write } from './fixtures/programs.ts';
import { buildImage } from './image.ts';
import { liveTree } from './recording.ts';

const recording = program(
  create(2, 'f'),
  write(2, 'abc'),
  mkdir(3, 'd'),
  create(4, 'g', 3),
  write(4, 'x'.repeat(10), 8192),
  link(2, 'second'),
  create(5, 'gone'),
  write(5, 'gone'),
  unlink(5, 'gone'),
);
const end = recording.trace.length;
const tree = liveTree(recording);

describe('bit rot', () => {
  it('flips one bit of each byte that a file holds, each once: not of holes, not of what has no name', () => {
    const found = bitRotStates(tree, end, { seed: 1, limit: 10_000 });
    expect(found.exhaustive).toBe(true);
    const places = found.states.map(({ rotten }) => `${rotten?.inode} ${rotten?.offset}`);
    expect(new Set(places).size).toBe(places.length);
    // The third page of `g` is stored; its first two are a hole.
    expect(places.sort()).toEqual(
      ['2 0', '2 1', '2 2', ...Array.from({ length: 10 }, (_, index) => `4 ${8192 + index}`)].sort(),
    );
  });

  it('is spread over all bytes where the budget is small, and the same for the same seed', () => {
    const large = liveTree(program(create(2, 'f'), write(2, 'x'.repeat(20_000))));
    const states = (seed: number) => bitRotStates(large, 2, { seed, limit: 10 }).states;
    expect(bitRotStates(large, 2, { seed: 1, limit: 10 }).exhaustive).toBe(false);
    expect(states(1).map(({ rotten }) => rotten?.offset)).toEqual(
      Array.from({ length: 10 }, (_, index) => index * 2000),
    );
    expect(states(1)).toEqual(states(1));
    expect(states(1).map(({ rotten }) => rotten?.bit)).not.toEqual(
      states(2).map(({ rotten }) => rotten?.bit),
    );
  });

  it('changes that one bit of the image and nothing else', () => {
    const trace = takeApart(recording);
    for (const state of bitRotStates(tree, end, { seed: 3, limit: 100 }).states) {
      const [before, after] = [tree, buildImage(trace, state)].map((one) => {
        const inode = one.inodes.get(state.rotten?.inode ?? -1);
        return inode?.kind === 'file' ? readContent(inode.content, 0, 9000) : new Uint8Array(0);
      });
      const changed = [...(before ?? [])].flatMap((byte, offset) =>
        byte === after?.[offset] ? [] : [{ offset, bits: byte ^ (after?.[offset] ?? 0) }],
      );
      expect(changed).toEqual([{ offset: state.rotten?.offset, bits: 1 << (state.rotten?.bit ?? 0) }]);
    }
  });

  it('finds nothing to rot where no file holds a byte', () => {
    const empty = liveTree(program(create(2, 'f'), truncate(2, 10_000)));
    expect(bitRotStates(empty, 2, { seed: 1, limit: 10 })).toEqual({ exhaustive: true, states: [] });
  });

  it('sweeps every sector, each once, by a bit that the seed draws in it', () => {
    const large = liveTree(
      program(create(2, 'f'), write(2, 'x'.repeat(1300)), create(3, 'g'), write(3, 'y')),
    );
    const sectorsOf = (seed: number) =>
      sweepBitRot(large, 4, { seed }).states.map(({ rotten }) => [rotten?.inode, (rotten?.offset ?? 0) >> 9]);
    expect(sectorsOf(1)).toEqual([
      [2, 0],
      [2, 1],
      [2, 2],
      [3, 0],
    ]);
    expect(sectorsOf(2)).toEqual(sectorsOf(1));
    const drawn = (seed: number) => sweepBitRot(large, 4, { seed }).states.map(({ rotten }) => rotten);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    for (const rotten of drawn(3)) expect(rotten?.offset).toBeLessThan(rotten?.inode === 2 ? 1300 : 1);
  });

  it('refuses a file that the image does not have', () => {
    const state = {
      point: 0,
      lost: [],
      filler: 'old' as const,
      rotten: { inode: 9, offset: 0, bit: 0 },
    };
    expect(() => buildImage(takeApart(recording), state)).toThrow('no file with inode 9');
  });
});
