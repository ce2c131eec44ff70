import { describe, expect, it } from 'vitest';
import { shareOf } from './share.ts';

describe('shareOf', () => {
  it.each([
    { count: 2, promises: 20 },
    { count: 2, promises: 1 },
    { count: 5, promises: 7 },
  ])('gives each image to exactly one of $count, with $promises promises', ({ count, promises }) => {
    for (let promised = 0; promised <= promises; promised++) {
      for (const image of ['a', 'b', 'c', 'd']) {
        const key = `${promised} ${image}`;
        const takers = Array.from({ length: count }, (_, index) =>
          shareOf({ index, count }, promises),
        ).filter((share) => share.takesPromises(promised) && share.takesImage(key));
        expect(takers).toHaveLength(1);
      }
    }
  });

  it('spares a lane the images of others where there are promises enough', () => {
    const share = shareOf({ index: 0, count: 2 }, 20);
    expect([0, 1, 2, 3].map(share.takesPromises)).toEqual([true, false, true, false]);
  });
});
