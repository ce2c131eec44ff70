import { expect, it } from 'vitest';
import { needsOf } from './replay-needs.ts';

it.each([
  ['sim', [], []],
  ['fuse', ['FUSE'], ['FUSE']],
  ['block', ['FUSE', 'loop devices'], ['FUSE', 'loop devices']],
  ['dm', ['loop devices'], ['loop devices', 'device-mapper']],
] as const)('a finding of %s takes %j from its file, %j from its token', (layer, ofFile, ofToken) => {
  expect(needsOf(layer, true)).toEqual(ofFile);
  expect(needsOf(layer, false)).toEqual(ofToken);
});
