import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readContent } from '../model/content.ts';
import { crashStates } from '../model/crash-states.ts';
import { takeApart } from '../model/effects.ts';
import { buildImage, Images } from '../model/image.ts';
import { profileNamed } from '../model/profile.ts';
import { liveTree, type Recording } from '../model/recording.ts';
import { decodeRecording, encodeRecording } from '../model/recording-file.ts';
import { emptyTree, type Tree } from '../model/tree.ts';
import type { Plan, PlanRule } from '../plan.ts';
import { type Descriptor, LiveDisk, PosixError } from '../volume.ts';

const now = () => ({ seconds: 7, nanoseconds: 0 });
const filled = (letter: string, length: number) => new Uint8Array(length).fill(letter.charCodeAt(0));

/** A disk with a durable file `f` of two sectors, `aabb`, and `g`, `gg`; the plan counts from here. */
function diskWith(plan: Plan) {
  const before = new LiveDisk({ start: { base: emptyTree(['data']), trace: [] }, now });
  for (const [name, bytes] of [
    ['f', [...filled('a', 512), ...filled('b', 512)]],
    ['g', filled('g', 512)],
  ] as const) {
    const { number } = before.names.create(1, name, { kind: 'file', mode: 0o644 });
    before.files.write(before.files.open(number, { writable: true }), 0, Uint8Array.from(bytes));
  }
  const base = before.tree;
  const disk = new LiveDisk({ start: { base, trace: [] }, plan, now });
  const open = (name: string) => disk.files.open(disk.names.lookup(1, name).number, { writable: true });
  return { disk, open, recording: (): Recording => ({ base, trace: disk.trace }) };
}

/** The first byte of each sector of each file: `f=ab g=g`. */
function look(tree: Tree): string {
  const root = tree.inodes.get(1);
  const entries = root?.kind === 'directory' ? [...root.entries] : [];
  return entries
    .map(([name, number]) => {
      const inode = tree.inodes.get(number);
      if (inode?.kind !== 'file') return name;
      const bytes = readContent(inode.content, 0, inode.content.size);
      return `${name}=${Buffer.from(bytes.filter((_, at) => at % 512 === 0)).toString()}`;
    })
    .join(' ');
}

/** All that may be found when the power goes at the end. */
function found(recording: Recording, profile = 'posix'): string[] {
  const trace = takeApart(recording);
  const { states, exhaustive } = crashStates(trace, profileNamed(profile), 'power-loss', {
    seed: 0,
    limit: 5000,
  });
  expect(exhaustive).toBe(true);
  const last = [...states].filter(({ point }) => point === recording.trace.length);
  return [...new Set(last.map((state) => look(buildImage(trace, state))))].sort();
}

describe('after a live fault, the crash states', () => {
  it('never have a write that the disk dropped, though a barrier answered', () => {
    const { disk, open, recording } = diskWith([{ operation: 'write', nth: 1, fault: 'lost-write' }]);
    const file = open('f');
    disk.files.write(file, 0, filled('x', 512));
    disk.files.write(file, 512, filled('y', 512));
    disk.files.sync(file, 'fsync');
    expect(look(disk.tree)).toBe('f=xy g=g');
    expect(found(recording())).toEqual(['f=ay g=g']);
    expect(found(recording(), 'ext4-ordered')).toEqual(['f=ay g=g']);
  });

  it('have a dropped write once its sector is written again from the page cache', () => {
    const { disk, open, recording } = diskWith([{ operation: 'write', nth: 1, fault: 'lost-write' }]);
    const file = open('f');
    disk.files.write(file, 0, filled('x', 512));
    disk.files.write(file, 511, filled('z', 1));
    disk.files.sync(file, 'fsync');
    expect(found(recording())).toEqual(['f=xb g=g']);
  });

  it('have the size that a dropped write grew, and zeros', () => {
    const { disk, open, recording } = diskWith([{ operation: 'write', nth: 1, fault: 'lost-write' }]);
    const file = open('f');
    disk.files.write(file, 1024, filled('x', 512));
    disk.files.sync(file, 'fsync');
    for (const profile of ['posix', 'btrfs', 'ext4-ordered', 'ext4-data-journal', 'xfs'])
      expect(found(recording(), profile)).toEqual(['f=ab\0 g=g']);
  });

  it('have a misdirected write where it landed, and the old bytes where it was meant to', () => {
    const { disk, open, recording } = diskWith([{ operation: 'write', nth: 1, fault: 'misdirected-write' }]);
    const file = open('f');
    disk.files.write(file, 0, filled('x', 1024));
    disk.files.sync(file, 'fsync');
    expect(look(disk.tree)).toBe('f=xx g=g');
    expect(found(recording())).toEqual(['f=ab g=x']);
  });

  it('have a misdirected write where something is stored, however large a hole is beside it', () => {
    const { disk, open } = diskWith([{ operation: 'write', nth: 1, fault: 'misdirected-write' }]);
    const file = open('f');
    disk.files.truncate(file.inode, 1024 * 1024 * 1024);
    disk.files.write(file, 0, filled('x', 1024));
    const landed = disk.trace.flatMap((entry) =>
      entry.kind === 'operation' && entry.operation.kind === 'medium' ? [entry.operation.offset] : [],
    );
    expect(landed).toHaveLength(1);
    expect(landed[0]).toBeLessThan(4096);
  });

  it('may lack what only a lying barrier covered, until an honest one does', () => {
    const { disk, open, recording } = diskWith([{ operation: 'sync', nth: 1, fault: 'lost-fsync' }]);
    const file = open('f');
    disk.files.write(file, 0, filled('x', 512));
    disk.files.sync(file, 'fsync');
    expect(found(recording())).toEqual(['f=ab g=g', 'f=xb g=g']);
    disk.files.sync(file, 'fsync');
    expect(found(recording())).toEqual(['f=xb g=g']);
  });

  it.each([
    ['ext4-ordered', ['f=ab g=g', 'f=xb g=g']],
    ['ext4-data-journal', ['f=ab g=g', 'f=xb g=g']],
    // What was reverted is gone from the disk as well.
    ['btrfs', ['f=ab g=g']],
  ] as const)('are in doubt for good about what a failed barrier met: %s', (as, expected) => {
    const { disk, open, recording } = diskWith([{ operation: 'sync', nth: 1, fault: 'fsync-error', as }]);
    const file = open('f');
    disk.files.write(file, 0, filled('x', 512));
    for (let count = 0; count < 3; count++) {
      try {
        disk.files.sync(file, 'fsync');
      } catch (error) {
        expect(error).toBeInstanceOf(PosixError);
      }
    }
    expect(found(recording())).toEqual(expected);
  });

  it('have what rotted, until it is written again', () => {
    const { disk, open, recording } = diskWith([{ operation: 'read', nth: 1, fault: 'bit-rot' }]);
    const file = open('g');
    disk.files.read(file, 0, new Uint8Array(512));
    const rotten = Buffer.from(readContent(liveContent(disk, file), 0, 512));
    expect(rotten).not.toEqual(Buffer.from(filled('g', 512)));
    const image = buildImage(takeApart(recording()), { point: disk.trace.length, lost: [], filler: 'old' });
    const inode = image.inodes.get(file.inode);
    expect(inode?.kind === 'file' && Buffer.from(readContent(inode.content, 0, 512))).toEqual(rotten);
    disk.files.write(file, 0, filled('h', 512));
    disk.files.sync(file, 'fsync');
    expect(found(recording())).toEqual(['f=ab g=h']);
  });
});

function liveContent(disk: LiveDisk, { inode }: Descriptor) {
  const node = disk.attributes.inode(inode);
  if (node.kind !== 'file') throw new Error('not a file');
  return node.content;
}

describe('a plan', () => {
  it('matches names of one directory or of many', () => {
    const matched = (path: string, name: string) => {
      const { disk } = diskWith([{ path, operation: 'create', from: 1, fault: 'io-error' }]);
      const parent = disk.names.create(1, 'wal', { kind: 'directory', mode: 0o755 }).number;
      try {
        disk.names.create(name.startsWith('wal/') ? parent : 1, name.replace('wal/', ''), {
          kind: 'file',
          mode: 0,
        });
        return false;
      } catch {
        return true;
      }
    };
    expect(matched('wal/*.seg', 'wal/1.seg')).toBe(true);
    expect(matched('*.seg', 'wal/1.seg')).toBe(false);
    expect(matched('**/*.seg', 'wal/1.seg')).toBe(true);
    expect(matched('**/*.seg', '1.seg')).toBe(true);
    expect(matched('wal/?.seg', 'wal/10.seg')).toBe(false);
    expect(matched('wal/1+seg', 'wal/1.seg')).toBe(false);
  });

  it.each([
    [{ operation: 'write', fault: 'stale-read' }, 'it can only befall the operation read'],
    [{ operation: 'write', nth: 1, every: 2, fault: 'lost-write' }, 'several of nth, every, from and chance'],
    [{ operation: 'write', until: 2, fault: 'lost-write' }, 'until without from'],
  ] satisfies [PlanRule, string][])('is refused where it cannot be: %o', (rule, why) => {
    expect(() => diskWith([{ operation: 'write', fault: 'slow', delayMs: 1 }, rule])).toThrow(
      new RegExp(`rule 2 of the plan[^]*${why}`),
    );
  });
});

describe('whatever a disk with faults is asked', () => {
  const seed = fc.nat(5);
  const rule = fc.oneof(
    fc.record({
      operation: fc.constant('write' as const),
      every: fc.integer({ min: 1, max: 4 }),
      seed,
      fault: fc.constantFrom('lost-write', 'misdirected-write', 'short-io', 'bit-rot', 'cache-drop'),
    }),
    fc.record({
      operation: fc.constant('write' as const),
      every: fc.integer({ min: 2, max: 4 }),
      part: fc.constantFrom(0.5, 1),
      fault: fc.constantFrom('io-error', 'disk-full'),
    }),
    fc.record({
      operation: fc.constantFrom('read' as const, 'truncate' as const),
      every: fc.integer({ min: 1, max: 3 }),
      seed,
      fault: fc.constantFrom('bit-rot', 'cache-drop'),
    }),
    fc.record({
      operation: fc.constant('sync' as const),
      every: fc.integer({ min: 2, max: 3 }),
      fault: fc.constant('fsync-error' as const),
      as: fc.constant('btrfs' as const),
    }),
  ) as fc.Arbitrary<PlanRule>;
  const action = fc.record({
    do: fc.constantFrom('write', 'write', 'sync', 'read', 'truncate', 'punch'),
    name: fc.constantFrom('f', 'g'),
    offset: fc.nat(5000),
    length: fc.integer({ min: 1, max: 3000 }),
  });

  it('the trace replays to the page cache, and its effects to the medium', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), fc.array(action, { maxLength: 25 }), (plan, actions) => {
        const { disk, open, recording } = diskWith(plan);
        const files = { f: open('f'), g: open('g') };
        actions.forEach(({ do: what, name, offset, length }, index) => {
          const file = name === 'f' ? files.f : files.g;
          try {
            if (what === 'write') disk.files.write(file, offset, new Uint8Array(length).fill(index + 1));
            else if (what === 'sync') disk.files.sync(file, 'fsync');
            else if (what === 'read') disk.files.read(file, offset, new Uint8Array(length));
            else if (what === 'truncate') disk.files.truncate(file.inode, offset);
            else disk.files.allocate(file, { mode: 'punch', offset, length, keepSize: true });
          } catch (error) {
            if (!(error instanceof PosixError)) throw error;
          }
        });
        // Looking may be what a rule waits for: the trace is taken afterwards.
        const media = Object.values(files).map((file) => {
          const bytes = new Uint8Array(20_000);
          return Buffer.from(bytes.subarray(0, disk.files.readBack(file, 0, bytes)));
        });
        const taken = decodeRecording(encodeRecording(recording()));
        const cached = liveTree(taken);
        const image = new Images(takeApart(taken)).at({ point: disk.trace.length, lost: [], filler: 'old' });
        for (const [index, file] of Object.values(files).entries()) {
          expect(contentIn(cached, file).equals(contentIn(disk.tree, file))).toBe(true);
          expect(media[index]?.equals(contentIn(image, file))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  function contentIn(tree: Tree, { inode }: Descriptor): Buffer {
    const node = tree.inodes.get(inode);
    if (node?.kind !== 'file') throw new Error('not a file');
    return Buffer.from(readContent(node.content, 0, node.content.size));
  }
});
