import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dumpTree } from './fuse/campaign/dump.ts';
import { readContent } from './model/content.ts';
import { liveTree, type Recording } from './model/recording.ts';
import { countLinks, emptyTree, type FileInode, type InodeNumber } from './model/tree.ts';
import { type Caller, type Descriptor, type DiskOptions, LiveDisk, PosixError } from './volume.ts';

const now = () => ({ seconds: 7, nanoseconds: 0 });
const empty: Recording = { base: emptyTree(['data', 'mirror']), trace: [] };
const newDisk = (options: Partial<DiskOptions> = {}) => new LiveDisk({ start: empty, now, ...options });
const [data, mirror] = [1, 2];
const bytes = (text: string) => new TextEncoder().encode(text);

function newFile(disk: LiveDisk, name: string, parent: InodeNumber = data): Descriptor {
  const inode = disk.names.create(parent, name, { kind: 'file', mode: 0o644 });
  return disk.files.open(inode.number, { writable: true });
}

function content(disk: LiveDisk, { inode }: Descriptor): string {
  return Buffer.from(readContent((disk.attributes.inode(inode) as FileInode).content, 0, 1000)).toString();
}

describe('a live disk', () => {
  it('records what it does, and starts again where a recording ended', () => {
    const disk = newDisk();
    const file = newFile(disk, 'f');
    disk.files.write(file, 2, bytes('abc'));
    disk.files.sync(file, 'fdatasync');
    disk.acknowledge('done');
    disk.files.close(file);
    expect(
      disk.trace.map((entry) => (entry.kind === 'operation' ? entry.operation.kind : entry.kind)),
    ).toEqual(['create', 'write', 'sync', 'acknowledgement', 'close']);
    const again = newDisk({ start: { base: empty.base, trace: disk.trace } });
    expect(again.entryCount).toBe(5);
    expect(again.names.lookup(data, 'f').number).toBe(file.inode);
    expect(again.names.create(data, 'g', { kind: 'file', mode: 0 }).number).toBe(file.inode + 1);
    expect(disk.trace).toHaveLength(5);
  });

  it('shares the bytes of whole pages between trace and page cache', () => {
    const disk = newDisk();
    const file = newFile(disk, 'f');
    const page = new Uint8Array(4096).fill(1);
    disk.files.write(file, 8192, page);
    expect((disk.attributes.inode(file.inode) as FileInode).content.pages.get(2)?.buffer).toBe(page.buffer);
  });

  it('keeps the trace as it was when it is not to record', () => {
    const disk = newDisk({ record: false });
    disk.files.write(newFile(disk, 'f'), 0, bytes('x'));
    disk.acknowledge('done');
    expect(disk.trace).toEqual([]);
    expect(disk.entryCount).toBe(3);
  });

  it('refuses a recording in which a name stands for nothing', () => {
    const base = emptyTree(['data']);
    const root = base.inodes.get(1);
    if (root?.kind === 'directory') root.entries.set('ghost', 9);
    expect(() => newDisk({ start: { base, trace: [] } })).toThrow('names inode 9, which is not there');
  });

  it('does not change the recording that it starts from', () => {
    const first = newDisk();
    const file = newFile(first, 'f');
    first.files.write(file, 0, bytes('old'));
    const start: Recording = { base: first.tree, trace: [] };
    const second = newDisk({ start });
    second.files.write(second.files.open(file.inode, { writable: true }), 0, bytes('new'));
    expect(content(first, file)).toBe('old');
  });

  it('keeps an unlinked inode while it is open or held, and drops it then', () => {
    const disk = newDisk();
    const file = newFile(disk, 'f');
    disk.hold(file.inode, 2);
    disk.names.unlink(data, 'f');
    disk.files.write(file, 0, bytes('x'));
    disk.files.close(file);
    disk.forget(file.inode);
    expect(disk.attributes.linkCount(file.inode)).toBe(0);
    disk.forget(file.inode);
    expect(disk.tree.inodes.has(file.inode)).toBe(false);
    expect(() => disk.attributes.inode(file.inode)).toThrow('ESTALE');
  });

  it('names an unnamed file only if it may be named', () => {
    const disk = newDisk();
    const [open, closed] = [true, false].map((linkable) => disk.names.createUnnamed(mirror, 0o600, linkable));
    disk.names.link(open?.number ?? 0, mirror, 'f');
    expect(disk.names.resolve('mirror', 'f')).toBe(open);
    expect(() => disk.names.link(closed?.number ?? 0, mirror, 'g')).toThrow('ENOENT');
    expect(() => disk.names.link(open?.number ?? 0, data, 'f')).toThrow('EXDEV');
  });

  it('lets no directory move into itself, and no volume into another', () => {
    const disk = newDisk();
    const outer = disk.names.create(data, 'outer', { kind: 'directory', mode: 0o755 }).number;
    const inner = disk.names.create(outer, 'inner', { kind: 'directory', mode: 0o755 }).number;
    expect(() => disk.names.rename(data, 'outer', inner, 'x')).toThrow('EINVAL');
    expect(() => disk.names.rename(data, 'outer', outer, 'x')).toThrow('EINVAL');
    expect(() => disk.names.rename(data, 'outer', outer, 'inner', { exchange: true })).toThrow('EINVAL');
    expect(() => disk.names.rename(data, 'outer', mirror, 'x')).toThrow('EXDEV');
    disk.names.rename(outer, 'inner', data, 'inner');
    expect([data, outer, inner].map((number) => disk.attributes.linkCount(number))).toEqual([4, 2, 2]);
    expect(disk.names.parent(inner)).toBe(data);
  });

  it.each([
    ['', 'EINVAL'],
    ['.', 'EINVAL'],
    ['..', 'EINVAL'],
    ['a/b', 'EINVAL'],
    ['a\0', 'EINVAL'],
    ['ü'.repeat(128), 'ENAMETOOLONG'],
  ])('refuses the name %j', (name, code) => {
    expect(() => newFile(newDisk(), name)).toThrow(code);
  });

  it('finds holes and data by pages', () => {
    const disk = newDisk();
    const file = newFile(disk, 'f');
    disk.files.write(file, 5000, bytes('x'));
    disk.files.truncate(file.inode, 20_000);
    expect([0, 4096, 6000, 9000].map((offset) => disk.files.seek(file, offset, 'hole'))).toEqual([
      0, 8192, 8192, 9000,
    ]);
    expect(disk.files.seek(file, 0, 'data')).toBe(4096);
    expect(() => disk.files.seek(file, 8192, 'data')).toThrow('ENXIO');
    expect(() => disk.files.seek(file, 20_000, 'hole')).toThrow('ENXIO');
  });
});

describe('a plan', () => {
  it('fails a barrier once for every descriptor that was open then', () => {
    const disk = newDisk({ plan: [{ operation: 'sync', nth: 1, fault: 'fsync-error' }] });
    const [one, late] = [newFile(disk, 'f'), newFile(disk, 'g')];
    const two = disk.files.open(one.inode);
    const fails = (file: Descriptor) => {
      try {
        disk.files.sync(file, 'fsync');
        return false;
      } catch (error) {
        return error instanceof PosixError && error.code === 'EIO';
      }
    };
    expect([fails(one), fails(late), fails(one), fails(two), fails(two)]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(fails(disk.files.open(one.inode))).toBe(false);
    const failed = disk.trace.flatMap((entry) =>
      entry.kind === 'operation' && entry.operation.kind === 'sync' ? [entry.operation.failed ?? false] : [],
    );
    // What only told of the failure is no operation.
    expect(failed).toEqual([true, false, false, false, false]);
    expect(disk.firings.map(({ entry }) => entry)).toEqual([2]);
  });

  it('kills before the operation, and tells of whom', () => {
    const killed: Caller[] = [];
    const disk = newDisk({
      plan: [{ volume: 'data', operation: 'any', nth: 2, fault: 'process-kill' }],
      onKill: (_firing, caller) => killed.push(caller),
    });
    newFile(disk, 'f', mirror);
    disk.caller = { uid: 1, gid: 2, pid: 42 };
    const file = newFile(disk, 'f');
    expect(() => disk.files.write(file, 0, bytes('x'))).toThrow('EIO');
    expect(content(disk, file)).toBe('');
    expect(killed).toEqual([{ uid: 1, gid: 2, pid: 42 }]);
    expect(disk.trace.at(-1)).toEqual({ kind: 'process-crash' });
    expect(disk.firings).toMatchObject([{ entry: 2 }]);
    disk.files.write(file, 0, bytes('y'));
    expect(content(disk, file)).toBe('y');
  });

  it('lets go of a descriptor even if its close is where the kill was planned', () => {
    const disk = newDisk({ plan: [{ operation: 'close', nth: 1, fault: 'process-kill' }] });
    const file = newFile(disk, 'f');
    disk.names.unlink(data, 'f');
    expect(() => disk.files.close(file)).toThrow('EIO');
    expect(disk.tree.inodes.has(file.inode)).toBe(false);
  });

  it('counts only what matches, and refuses what cannot be', () => {
    expect(() => newDisk({ plan: [{ operation: 'write', nth: 1, fault: 'fsync-error' }] })).toThrow(
      'operation sync',
    );
    expect(() => newDisk({ plan: [{ operation: 'sync', nth: 0, fault: 'fsync-error' }] })).toThrow(
      'counted from 1',
    );
    const disk = newDisk({ plan: [{ operation: 'write', nth: 2, fault: 'process-kill' }] });
    const file = newFile(disk, 'f');
    disk.files.write(file, 0, bytes('a'));
    expect(() => disk.files.write({ ...file, writable: false }, 0, bytes('b'))).toThrow('EBADF');
    expect(() => disk.files.write(file, 0, bytes('c'))).toThrow('killed');
  });
});

describe('whatever is asked of a live disk', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const parent = fc.nat(4);
  const action = fc.oneof(
    fc.record({ do: fc.constantFrom('file', 'directory', 'symlink' as const), parent, name }),
    fc.record({ do: fc.constantFrom('unlink', 'rmdir' as const), parent, name }),
    fc.record({
      do: fc.constantFrom('rename', 'exchange', 'link' as const),
      parent,
      name,
      to: parent,
      toName: name,
    }),
    fc.record({
      do: fc.constant('write' as const),
      parent,
      name,
      offset: fc.nat(9000),
      length: fc.nat(9000),
    }),
    fc.record({ do: fc.constant('truncate' as const), parent, name, size: fc.nat(20_000) }),
    fc.record({
      do: fc.constantFrom('punch', 'zero', 'reserve' as const),
      parent,
      name,
      offset: fc.nat(9000),
    }),
  );

  it('is replayed by its trace, and its link counts are those of its names', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80, size: 'max' }), (actions) => {
        const disk = newDisk();
        for (const one of actions) {
          const directories = [...disk.tree.inodes.values()].filter(({ kind }) => kind === 'directory');
          const pick = (index: number) => directories[index % directories.length]?.number ?? data;
          try {
            act(disk, one, pick);
          } catch (error) {
            if (!(error instanceof PosixError)) throw error;
          }
        }
        const replayed = liveTree({ base: empty.base, trace: disk.trace });
        for (const volume of ['data', 'mirror']) {
          expect(dumpTree(replayed, volume)).toEqual(dumpTree(disk.tree, volume));
        }
        const links = countLinks(disk.tree);
        for (const inode of disk.tree.inodes.values()) {
          if (inode.kind !== 'directory')
            expect(disk.attributes.linkCount(inode.number)).toBe(links.get(inode.number));
        }
      }),
    );
  });

  type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

  function act(disk: LiveDisk, one: Action, pick: (index: number) => InodeNumber): void {
    const { names, files } = disk;
    const at = pick(one.parent);
    switch (one.do) {
      case 'file':
      case 'directory':
      case 'symlink':
        names.create(at, one.name, {
          kind: one.do,
          mode: 0o755,
          ...(one.do === 'symlink' ? { target: 't' } : {}),
        });
        return;
      case 'unlink':
        names.unlink(at, one.name);
        return;
      case 'rmdir':
        names.removeDirectory(at, one.name);
        return;
      case 'rename':
      case 'exchange':
        if (!('to' in one)) return;
        names.rename(at, one.name, pick(one.to), one.toName, { exchange: one.do === 'exchange' });
        return;
      case 'link':
        if ('to' in one) names.link(names.lookup(at, one.name).number, pick(one.to), one.toName);
        return;
      default: {
        const file = files.open(names.lookup(at, one.name).number, { writable: true });
        try {
          if (one.do === 'write') files.write(file, one.offset, new Uint8Array(one.length).fill(3));
          else if (one.do === 'truncate') files.truncate(file.inode, one.size);
          else if ('offset' in one) {
            files.allocate(file, { mode: one.do, offset: one.offset, length: 5000, keepSize: false });
          }
        } finally {
          files.close(file);
        }
      }
    }
  }
});
