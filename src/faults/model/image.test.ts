import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readContent } from './content.ts';
import { crashStates } from './crash-states.ts';
import { takeApart } from './effects.ts';
import { plainImage, plainTree } from './fixtures/plain-image.ts';
import { create, fsync, onDisk, program, truncate, write } from './fixtures/programs.ts';
import { long, recordings } from './fixtures/recordings.ts';
import { buildImage, type CrashState, type Filler, Images } from './image.ts';
import { imageKey } from './image-key.ts';
import { profileNamed } from './profile.ts';
import { liveTree, type Recording } from './recording.ts';

const fillers: readonly Filler[] = ['old', 'garbage', 'garbage-overwrites'];

/** Any choice of effects at any point, legal or not. */
function statesOf(recording: Recording): fc.Arbitrary<CrashState[]> {
  const { effectsBefore } = takeApart(recording);
  const state = fc.nat(recording.trace.length).chain((point) =>
    fc.record({
      point: fc.constant(point),
      lost: fc.subarray(Array.from({ length: effectsBefore[point] ?? 0 }, (_, id) => id)),
      filler: fc.constantFrom(...fillers),
    }),
  );
  return fc.array(state, { minLength: 1, maxLength: 30 });
}

describe('an image', () => {
  it('with all effects is the live tree, at every point', () => {
    fc.assert(
      fc.property(recordings(long), (recording) => {
        const trace = takeApart(recording);
        const images = new Images(trace);
        for (let point = 0; point <= recording.trace.length; point++) {
          const image = images.at({ point, lost: [], filler: 'old' });
          expect(imageKey(image)).toBe(imageKey(liveTree(recording, point)));
        }
      }),
      { numRuns: 80 },
    );
  });

  it('is what applying its effects one by one to a copy leaves, whatever was built before it', () => {
    const cases = recordings(long).chain((recording) =>
      fc.record({ recording: fc.constant(recording), states: statesOf(recording) }),
    );
    fc.assert(
      fc.property(cases, ({ recording, states }) => {
        const trace = takeApart(recording);
        const images = new Images(trace);
        for (const state of states) {
          const image = images.at(state);
          expect(plainTree(image)).toEqual(plainImage(trace, state));
          expect(imageKey(image)).toBe(imageKey(buildImage(trace, state)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('leaves the recording and other images alone', () => {
    const cases = recordings(long).chain((recording) =>
      fc.record({ recording: fc.constant(recording), states: statesOf(recording) }),
    );
    fc.assert(
      fc.property(cases, ({ recording, states }) => {
        const trace = takeApart(recording);
        const before = { base: plainTree(recording.base), written: bytesWritten(recording) };
        const images = new Images(trace);
        const first = images.at({ point: recording.trace.length, lost: [], filler: 'old' });
        const firstBefore = plainTree(first);
        for (const state of states) images.at(state);
        expect({ base: plainTree(recording.base), written: bytesWritten(recording) }).toEqual(before);
        expect(plainTree(first)).toEqual(firstBefore);
      }),
      { numRuns: 80 },
    );
  });

  it('holds no bytes beyond the end of its files', () => {
    fc.assert(
      fc.property(recordings(long), fc.constantFrom('posix', 'hostile', 'xfs'), (recording, profile) => {
        const trace = takeApart(recording);
        const settings = { seed: 1, limit: 60 };
        for (const state of crashStates(trace, profileNamed(profile), 'torn-write', settings).states) {
          for (const inode of buildImage(trace, state).inodes.values()) {
            if (inode.kind !== 'file') continue;
            const { size } = inode.content;
            const beyond = readContent({ ...inode.content, size: size + 8192 }, size, 8192);
            expect(beyond.every((byte) => byte === 0)).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('shows zeros where a lost size is grown over again', () => {
    const recording = program(create(2, 'f'), fsync(2), write(2, 'old'));
    const size = takeApart(recording).effects.find(({ kind }) => kind === 'size');
    const image = buildImage(takeApart(recording), { point: 3, lost: [size?.id ?? -1], filler: 'old' });
    const grown = liveTree(onDisk({ base: image, trace: [] }, truncate(2, 3)));
    const file = grown.inodes.get(2);
    expect(file?.kind === 'file' && [...readContent(file.content, 0, 3)]).toEqual([0, 0, 0]);
  });

  it('does not bring back what a truncation cut off, though the growth before it was lost', () => {
    const recording = program(create(2, 'f'), write(2, 'abc'), truncate(2, 1), write(2, 'd', 3));
    const trace = takeApart(recording);
    const growth = trace.effects.find((effect) => effect.kind === 'size');
    const lost = [
      growth?.id ?? -1,
      ...trace.effects.flatMap((effect) => (effect.kind === 'data' && effect.entry === 3 ? [effect.id] : [])),
    ];
    const file = buildImage(trace, { point: 4, lost, filler: 'old' }).inodes.get(2);
    expect(file?.kind === 'file' && [...readContent(file.content, 0, 9)]).toEqual([97, 0, 0, 0]);
  });

  it('cannot be built for a point that the trace does not have', () => {
    const trace = takeApart(program(create(2, 'f')));
    expect(() => buildImage(trace, { point: 2, lost: [], filler: 'old' })).toThrow('beyond the end');
  });
});

function bytesWritten(recording: Recording): string[] {
  return recording.trace.flatMap((step) =>
    step.kind === 'operation' && step.operation.kind === 'write'
      ? [Buffer.from(step.operation.data).toString('hex')]
      : [],
  );
}

describe('the key of an image', () => {
  const one = program(create(2, 'f'), write(2, 'abc'));

  it('is that of what a subject sees: not of inode numbers, not of zeros that are stored', () => {
    const zeros = program(create(9, 'f'), write(9, 'abc'), write(9, '\0', 5000), truncate(9, 3));
    expect(imageKey(liveTree(zeros))).toBe(imageKey(liveTree(one)));
    const hole = program(create(2, 'f'), truncate(2, 5000));
    const stored = program(create(2, 'f'), write(2, '\0'.repeat(5000)));
    expect(imageKey(liveTree(hole))).toBe(imageKey(liveTree(stored)));
  });

  it.each([
    ['a byte', program(create(2, 'f'), write(2, 'abd'))],
    ['a size', program(create(2, 'f'), write(2, 'abc'), truncate(2, 4))],
    ['a name', program(create(2, 'g'), write(2, 'abc'))],
    ['a mode', onDisk(one, { kind: 'set-meta', inode: 2, mode: 0o600 })],
    ['an attribute', onDisk(one, { kind: 'set-xattr', inode: 2, name: 'user.a', value: new Uint8Array(0) })],
    ['a kind', program(create(2, 'f', 1, 'directory'))],
    ['a second name', onDisk(one, { kind: 'link', parent: 1, name: 'g', inode: 2 })],
  ])('is another for another %s', (_what, other) => {
    expect(imageKey(liveTree(other))).not.toBe(imageKey(liveTree(one)));
  });

  it('tells two names of one file from two files', () => {
    const linked = onDisk(one, { kind: 'link', parent: 1, name: 'g', inode: 2 });
    const copied = onDisk(one, create(3, 'g'), write(3, 'abc'));
    expect(imageKey(liveTree(linked))).not.toBe(imageKey(liveTree(copied)));
  });
});
