import { describe, expect, it } from 'vitest';
import { crashStates } from './crash-states.ts';
import type { Device } from './device.ts';
import { takeApart } from './effects.ts';
import { allocate, create, fsync, onDisk, program, write } from './fixtures/programs.ts';
import { Images } from './image.ts';
import type { Operation } from './operation.ts';
import { profileFor } from './profile.ts';
import type { TraceEntry } from './recording.ts';

const unit = 4096 as const;
const units = (text: string) => [...text].map((letter) => letter.repeat(unit)).join('');
const acknowledgement: TraceEntry = { kind: 'acknowledgement', text: '0' };
const formatted = program(create(2, 'disk'), write(2, units('...')), fsync(2));

/** What the disk may hold after a power cut at the end, the first letter of each unit, in order. Each request is followed by a promise. */
function left(fault: 'power-loss' | 'torn-write', device: Device, ...requests: Operation[]): string[] {
  const { base, trace } = onDisk(formatted, ...requests);
  const recording = {
    base,
    trace: trace.flatMap((entry) => [entry, acknowledgement]),
    disks: true as const,
    device: { unitBytes: unit, ...device },
  };
  const effects = takeApart(recording);
  const { states, exhaustive } = crashStates(effects, profileFor(recording, 'ext4-ordered'), fault, {
    seed: 1,
    limit: 1000,
  });
  expect(exhaustive).toBe(true);
  const images = new Images(effects);
  const atEnd = [...states].filter(({ point }) => point === recording.trace.length);
  return [...new Set(atEnd.map((state) => show(images.at(state).inodes.get(2))))].sort();
}

function show(inode: unknown): string {
  const { pages } = (inode as { content: { pages: ReadonlyMap<number, Uint8Array> } }).content;
  return [0, 1, 2]
    .map((index) => String.fromCharCode(pages.get(index)?.[0] ?? 48).replace('\0', '0'))
    .join('');
}

describe('a disk with a volatile cache', () => {
  it('may have a later request without an earlier one that it overlaps', () => {
    const requests = [write(2, units('aa')), write(2, units('b'))];
    expect(left('power-loss', {}, ...requests)).toEqual(['...', 'aa.', 'b..', 'ba.']);
  });

  it('has on its medium what its flush covered, and nothing that came later must be there', () => {
    const requests = [write(2, units('aa')), fsync(2), write(2, units('b'))];
    expect(left('power-loss', {}, ...requests)).toEqual(['aa.', 'ba.']);
  });

  it('writes zeros as it writes all else: a request of several units may tear', () => {
    const zero = allocate(2, 'zero', 0, 2 * unit, true);
    expect(left('power-loss', {}, zero)).toEqual(['...', '00.']);
    expect(left('torn-write', {}, zero)).toEqual(['.0.', '0..']);
  });
});

describe('a disk without a volatile cache', () => {
  const device = { volatileCache: false };

  it('keeps what it answered, with no flush', () => {
    expect(left('power-loss', device, write(2, units('aa')), write(2, units('b')))).toEqual(['ba.']);
  });

  it('may lack, or have in part, only the request on its way', () => {
    const { base, trace } = onDisk(formatted, write(2, units('a')), write(2, units('bb'), unit));
    const recording = { base, trace, disks: true as const, device: { unitBytes: unit, ...device } };
    const effects = takeApart(recording);
    const images = new Images(effects);
    const seen = (['power-loss', 'torn-write'] as const).flatMap((fault) =>
      [...crashStates(effects, profileFor(recording, 'xfs'), fault, { seed: 1, limit: 100 }).states]
        .filter(({ point }) => point === trace.length)
        .map((state) => show(images.at(state).inodes.get(2))),
    );
    expect(seen.sort()).toEqual(['a..', 'a.b', 'ab.', 'abb']);
  });
});
