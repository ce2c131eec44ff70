import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readContent } from './content.ts';
import { crashStates } from './crash-states.ts';
import { type EffectTrace, takeApart } from './effects.ts';
import { brokenRules } from './fixtures/legal.ts';
import { long, recordings } from './fixtures/recordings.ts';
import { type CrashState, Images } from './image.ts';
import { profileNamed } from './profile.ts';
import { liveTree, type Recording } from './recording.ts';
import type { Tree } from './tree.ts';

const profiles = ['posix', 'hostile', 'ext4-ordered', 'ext4-data-journal', 'xfs', 'btrfs', 'lying-disk'];
const faults = ['power-loss', 'torn-write'] as const;

function statesOf(trace: EffectTrace, profile: string, fault: (typeof faults)[number], limit: number) {
  return [...crashStates(trace, profileNamed(profile), fault, { seed: 1, limit }).states];
}

describe.each(profiles)('%s', (profile) => {
  it.each(faults)('breaks none of its rules (%s)', (fault) => {
    fc.assert(
      fc.property(recordings(long), (recording) => {
        const trace = takeApart(recording);
        for (const state of statesOf(trace, profile, fault, 120)) {
          const broken = brokenRules(trace, profile, fault, state);
          if (broken.length > 0) expect.fail(`${JSON.stringify(state)}: ${broken.join('; ')}`);
        }
      }),
      { numRuns: 80 },
    );
  });
});

/** What a successful barrier on an inode promised, for as long as nothing touched it again. */
interface Promised {
  readonly inode: number;
  /** Crash points that must show it. */
  readonly from: number;
  readonly to: number;
  readonly holds: (image: Tree) => boolean;
}

function promisesOf(recording: Recording): Promised[] {
  const failed = new Set<number>();
  return recording.trace.flatMap((step, entry) => {
    if (step.kind !== 'operation' || step.operation.kind !== 'sync') return [];
    const { inode } = step.operation;
    if (step.operation.failed === true) failed.add(inode);
    if (failed.has(inode)) return [];
    const live = liveTree(recording, entry).inodes.get(inode);
    if (live?.kind === 'file') {
      const bytes = Buffer.from(readContent(live.content, 0, live.content.size));
      const holds = (image: Tree) => {
        const there = image.inodes.get(inode);
        return (
          there?.kind === 'file' &&
          bytes.equals(readContent(there.content, 0, there.content.size)) &&
          there.content.size === bytes.length
        );
      };
      return [{ inode, from: entry + 1, to: nextChange(recording, entry, inode), holds }];
    }
    if (live?.kind !== 'directory') return [];
    return ['a', 'b', 'c'].map((name) => ({
      inode,
      from: entry + 1,
      to: nextChange(recording, entry, inode, name),
      holds: (image: Tree) => {
        const there = image.inodes.get(inode);
        return there?.kind === 'directory' && there.entries.get(name) === live.entries.get(name);
      },
    }));
  });
}

/** The first crash point at which an operation after `entry` on the file, or on the name, may show. */
function nextChange({ trace }: Recording, entry: number, inode: number, name?: string): number {
  const next = trace.findIndex((step, index) => {
    if (index <= entry || step.kind !== 'operation') return false;
    const { operation } = step;
    switch (operation.kind) {
      case 'write':
      case 'truncate':
      case 'allocate':
        return name === undefined && operation.inode === inode;
      case 'create':
        return operation.link?.parent === inode && operation.link.name === name;
      case 'link':
      case 'unlink':
        return operation.parent === inode && operation.name === name;
      case 'rename':
        return (
          (operation.fromParent === inode && operation.fromName === name) ||
          (operation.toParent === inode && operation.toName === name)
        );
      default:
        return false;
    }
  });
  return next < 0 ? trace.length : next;
}

describe('what a barrier covered', () => {
  it.each(profiles.filter((profile) => profile !== 'lying-disk'))(
    'is as it was in every later image: %s',
    (profile) => {
      fc.assert(
        fc.property(recordings(long), fc.constantFrom(...faults), (recording, fault) => {
          const trace = takeApart(recording);
          const promises = promisesOf(recording);
          const images = new Images(trace);
          for (const state of statesOf(trace, profile, fault, 80)) {
            const image = images.at(state);
            for (const promise of promises) {
              if (state.point < promise.from || state.point > promise.to) continue;
              if (!promise.holds(image)) expect.fail(brokenPromise(promise, state));
            }
          }
        }),
        { numRuns: 80 },
      );
    },
  );
});

function brokenPromise({ inode, from }: Promised, state: CrashState): string {
  return `the barrier on inode ${inode} before point ${from} does not hold in ${JSON.stringify(state)}`;
}
