import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultLayer } from '../layer.ts';
import { liveTree, type Recording } from '../model/recording.ts';
import { emptyTree } from '../model/tree.ts';
import { anyCalls, callIn, pythonMissing } from './fixtures/calls.ts';
import { anyStep, dumpDirectory, dumpTree, perform, type Step } from './fixtures/steps.ts';
import { openFuseLayer, probeFuse } from './layer.ts';

const probe = await probeFuse();
if (!probe.available) console.warn(`fuse is not tested: ${probe.why}; ${probe.remedy}`);

/** Something to stumble over. */
const furniture: readonly Step[] = [
  { call: 'mkdir', path: 'p', mode: 0o755 },
  { call: 'mkdir', path: 'p/r', mode: 0o755 },
  { call: 'open', slot: 0, path: 'a', flags: 'w+', mode: 0o644 },
  { call: 'write', slot: 0, offset: 3000, length: 9000, byte: 1 },
  { call: 'open', slot: 1, path: 'p/b', flags: 'a+', mode: 0o644 },
];

if (pythonMissing !== undefined) console.warn(pythonMissing);

const empty: Recording = { base: emptyTree(['data']), trace: [] };

describe.skipIf(!probe.available)('the fuse layer without faults is a file system', () => {
  let directory: string;
  let layer: FaultLayer;
  let volume: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'powercut-model-'));
    layer = await openFuseLayer({ volumes: ['data'], directory });
    if (layer.place.kind !== 'directories') throw new Error('the fuse layer gives directories');
    volume = layer.place.directories.get('data') ?? '';
  });
  afterAll(async () => {
    await layer?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('does what the host does, and records what replays to the same tree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
        const host = mkdtempSync(join(directory, 'host-'));
        try {
          await layer.begin(empty, []);
          chmodSync(host, 0o755);
          // In a directory of its own, so that it may be removed and moved as any other.
          for (const root of [host, volume]) mkdirSync(join(root, 'work'));
          const expected = perform(join(host, 'work'), [...furniture, ...steps]);
          const actual = perform(join(volume, 'work'), [...furniture, ...steps]);
          expect(actual).toEqual(expected);
          const live = dumpDirectory(volume);
          expect(live).toEqual(dumpDirectory(host));
          const { recording } = await layer.end();
          expect(dumpTree(liveTree(recording), 'data')).toEqual(live);
        } finally {
          rmSync(host, { recursive: true, force: true });
        }
      }),
      { numRuns: Number(process.env.POWERCUT_MODEL_RUNS ?? 100) },
    );
  });

  it.skipIf(pythonMissing !== undefined)('does so for the calls that Node does not offer', async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, async (calls) => {
        const host = mkdtempSync(join(directory, 'host-'));
        try {
          await layer.begin(empty, []);
          chmodSync(host, 0o755);
          const [expected, actual] = callIn([host, volume], calls);
          expect(actual).toEqual(expected);
          const live = dumpDirectory(volume);
          expect(live).toEqual(dumpDirectory(host));
          const { recording } = await layer.end();
          expect(dumpTree(liveTree(recording), 'data')).toEqual(live);
        } finally {
          rmSync(host, { recursive: true, force: true });
        }
      }),
      { numRuns: Number(process.env.POWERCUT_MODEL_RUNS ?? 60) },
    );
  });
});
