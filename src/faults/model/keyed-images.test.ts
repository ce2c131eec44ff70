import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { bitRotStates } from './bit-rot.ts';
import { crashStates } from './crash-states.ts';
import { takeApart } from './effects.ts';
import { long, recordings } from './fixtures/recordings.ts';
import { type CrashState, Images } from './image.ts';
import { imageKey } from './image-key.ts';
import { KeyedImages } from './keyed-images.ts';
import { profileNamed } from './profile.ts';
import { liveTree } from './recording.ts';

const profiles = ['posix', 'hostile', 'ext4-ordered', 'lying-disk'];

test('the key is that of the image, though not each image is built', () => {
  const builds = vi.spyOn(Images.prototype, 'at');
  let states = 0;
  let built = 0;
  fc.assert(
    fc.property(recordings(long), fc.constantFrom(...profiles), (recording, profile) => {
      const trace = takeApart(recording);
      const plain = new Images(trace);
      const keyed = new KeyedImages(trace);
      const check = (state: CrashState) => {
        const before = builds.mock.calls.length;
        const key = keyed.keyOf(state);
        built += builds.mock.calls.length - before;
        states++;
        expect(key).toBe(`${imageKey(plain.at(state))}""`);
        expect(imageKey(keyed.at(state))).toBe(imageKey(plain.at(state)));
      };
      for (const fault of ['power-loss', 'torn-write'] as const)
        for (const state of crashStates(trace, profileNamed(profile), fault, { seed: 1, limit: 60 }).states)
          check(state);
      const { states: rotten } = bitRotStates(liveTree(recording), recording.trace.length, {
        seed: 1,
        limit: 20,
      });
      for (const state of rotten) check(state);
    }),
    { numRuns: 60 },
  );
  expect(built).toBeLessThan(0.9 * states);
});
