import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveTree } from '../model/recording.ts';
import { anyCalls, callIn, pythonMissing } from './fixtures/calls.ts';
import { emptyRecording, fuseMissing, type Mounted, mount } from './fixtures/mounted.ts';
import { anyStep, dumpDirectory, dumpTree, perform, type Step } from './fixtures/steps.ts';

const runs = Number(process.env.POWERCUT_MODEL_RUNS ?? 60);

/** A memory file system is the same everywhere. */
const plainHost = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Of holes, allocation and attributes every file system has its own idea; powercut's is that of ext4. */
const isExt4 = statfsSync(tmpdir()).type === 0xef53;
const callsMissing =
  pythonMissing ?? (isExt4 ? undefined : `${tmpdir()} is not on ext4, which the calls are compared with`);
if (callsMissing !== undefined) console.warn(callsMissing);

/** Something to stumble over. */
const furniture: readonly Step[] = [
  { call: 'mkdir', path: 'p', mode: 0o755 },
  { call: 'mkdir', path: 'p/r', mode: 0o755 },
  { call: 'open', slot: 0, path: 'a', flags: 'w+', mode: 0o644 },
  { call: 'write', slot: 0, offset: 3000, length: 9000, byte: 1 },
  { call: 'open', slot: 1, path: 'p/b', flags: 'a+', mode: 0o644 },
];

describe.skipIf(fuseMissing !== undefined).each([
  { directIo: true, how: 'with direct I/O' },
  { directIo: false, how: 'with the page cache of older kernels' },
])('the fuse layer without faults is a file system, $how', ({ directIo }) => {
  let mounted: Mounted;

  beforeAll(async () => {
    mounted = await mount({ volumes: ['data'], directIo });
  });
  afterAll(() => mounted?.[Symbol.asyncDispose]());

  /** Both must give the same answers and end as the same tree, and the recording must replay to it. */
  async function compare(
    hostDirectory: string,
    act: (
      host: string,
      volume: string,
    ) => readonly [readonly unknown[] | undefined, readonly unknown[] | undefined],
  ): Promise<void> {
    const host = mkdtempSync(join(hostDirectory, 'powercut-host-'));
    try {
      await mounted.layer.begin(emptyRecording('data'), []);
      chmodSync(host, 0o755);
      const [expected, actual] = act(host, mounted.volume());
      expect(actual).toEqual(expected);
      const live = dumpDirectory(mounted.volume());
      expect(live).toEqual(dumpDirectory(host));
      const { recording } = await mounted.layer.end();
      expect(dumpTree(liveTree(recording), 'data')).toEqual(live);
    } finally {
      rmSync(host, { recursive: true, force: true });
    }
  }

  it('does what the host does, and records what replays to the same tree', async () => {
    const anySteps = fc.array(anyStep, { minLength: 10, maxLength: 60, size: 'max' });
    const property = fc.asyncProperty(anySteps, (steps) =>
      compare(plainHost, (host, volume) => {
        // In a directory of its own, so that it may be removed and moved as any other.
        for (const root of [host, volume]) mkdirSync(join(root, 'work'));
        const all = [...furniture, ...steps];
        return [perform(join(host, 'work'), all), perform(join(volume, 'work'), all)];
      }),
    );
    await fc.assert(property, { numRuns: runs });
  });

  it.skipIf(callsMissing !== undefined)('does so for the calls that Node does not offer', async () => {
    const property = fc.asyncProperty(anyCalls, (calls) =>
      compare(tmpdir(), (host, volume) => {
        const [expected, actual] = callIn([host, volume], calls);
        return [expected, actual];
      }),
    );
    await fc.assert(property, { numRuns: runs });
  });
});
