import { expect, test } from 'vitest';
import { resolveCommand, volumeVariables } from './command.ts';

test('only elements that begin with ./ or ../ are paths from the scenario', () => {
  expect(resolveCommand(['node', '../a/b.js', '-c', './x', 'y/z', '.hidden', '/abs', '..'], '/s/c')).toEqual([
    'node',
    '/s/a/b.js',
    '-c',
    '/s/c/x',
    'y/z',
    '.hidden',
    '/abs',
    '..',
  ]);
});

test('the first volume is also POWERCUT_DIR', () => {
  const directories = new Map([
    ['data', '/m/data'],
    ['far-mirror', '/m/far-mirror'],
  ]);
  expect(volumeVariables(directories)).toEqual({
    POWERCUT_DIR: '/m/data',
    POWERCUT_DIR_DATA: '/m/data',
    POWERCUT_DIR_FAR_MIRROR: '/m/far-mirror',
  });
});
