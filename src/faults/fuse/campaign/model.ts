import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { anyCalls, performCalls } from './calls.ts';
import { dumpDirectory, dumpTree } from './dump.ts';
import {
  type Budget,
  type CampaignOutcome,
  campaignCommand,
  runRounds,
  type Trial,
  trial,
} from './rounds.ts';
import { type Scratch, volumeName, withScratches } from './scratch.ts';
import { anyStep, performSteps, type Step } from './steps.ts';

/**
 * Random system calls on a volume without faults and on a file system of the host: both must give the same answers and
 * end as the same tree, and the recording must replay to it.
 *
 *     node dist/src/faults/fuse/campaign/model.js --operations 100000 --seed 1
 */

/** A memory file system is the same everywhere. */
const plainHost = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Of holes, allocation and attributes every file system has its own idea; powercut's is that of ext4. */
export const callsMissing: string | undefined =
  statfsSync(tmpdir()).type === 0xef53
    ? undefined
    : `${tmpdir()} is not on ext4, which the calls that Node does not offer are compared with`;

/** Something to stumble over. */
const furniture: readonly Step[] = [
  { call: 'mkdir', path: 'p', mode: 0o755 },
  { call: 'mkdir', path: 'p/r', mode: 0o755 },
  { call: 'open', slot: 0, path: 'a', flags: 'w+', mode: 0o644 },
  { call: 'write', slot: 0, offset: 3000, length: 9000, byte: 1 },
  { call: 'open', slot: 1, path: 'p/b', flags: 'a+', mode: 0o644 },
];

type Act<Action> = (root: string, actions: readonly Action[]) => readonly unknown[];

/** `act`: as the steps are carried out on the volume. */
export function stepsTrial(scratch: Scratch, act: Act<Step> = performSteps): Trial {
  const programs = fc.array(anyStep, { minLength: 10, maxLength: 60, size: 'max' });
  return trial(`system calls ${scratch.how}`, programs, (steps) => {
    const all = [...furniture, ...steps];
    return compare(
      scratch,
      plainHost,
      (root) => act(root, all),
      (root) => performSteps(root, all),
    );
  });
}

export function callsTrial(scratch: Scratch): Trial {
  return trial(`calls that Node does not offer ${scratch.how}`, anyCalls, (calls) => {
    const act = (root: string) => performCalls(root, calls);
    return compare(scratch, tmpdir(), act, act);
  });
}

async function compare(
  scratch: Scratch,
  hostParent: string,
  actOnVolume: (root: string) => readonly unknown[],
  actOnHost: (root: string) => readonly unknown[],
): Promise<void> {
  const host = mkdtempSync(join(hostParent, 'powercut-host-'));
  try {
    await scratch.begin();
    chmodSync(host, 0o755);
    // In a directory of its own, so that it may be removed and moved as any other.
    for (const root of [host, scratch.volume]) mkdirSync(join(root, 'work'));
    assert.deepEqual(actOnVolume(join(scratch.volume, 'work')), actOnHost(join(host, 'work')));
    const live = dumpDirectory(scratch.volume);
    assert.deepEqual(live, dumpDirectory(host));
    assert.deepEqual(
      dumpTree(await scratch.end(), volumeName),
      live,
      'what was recorded does not replay to what is there',
    );
  } finally {
    rmSync(host, { recursive: true, force: true });
  }
}

export function runModelCampaign(budget: Budget, seed: number): Promise<CampaignOutcome> {
  return withScratches((scratches) => {
    const trials = scratches.flatMap((scratch) =>
      callsMissing === undefined ? [stepsTrial(scratch), callsTrial(scratch)] : stepsTrial(scratch),
    );
    return runRounds(trials, budget, seed);
  });
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  if (callsMissing !== undefined) console.warn(callsMissing);
  await campaignCommand(runModelCampaign);
}
