import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Operation } from './operation.ts';
import type { Recording, TraceEntry } from './recording.ts';
import { decodeBytes, encodeBytes } from './recording-bytes.ts';
import { decodeRecording, encodeRecording, recordingToJson } from './recording-file.ts';
import { createInode, emptyTree, type InodeKind } from './tree.ts';

describe('bytes in a recording file', () => {
  it('come back as they were', () => {
    const run = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(300).map((length) => new Uint8Array(length)),
    );
    fc.assert(
      fc.property(fc.array(run), (runs) => {
        const bytes = new Uint8Array(Buffer.concat(runs));
        expect(decodeBytes(JSON.parse(JSON.stringify(encodeBytes(bytes))))).toEqual(bytes);
      }),
    );
  });

  it('are short where they are zeros', () => {
    const bytes = new Uint8Array(1 << 20);
    bytes[5000] = 1;
    expect(encodeBytes(bytes)).toEqual([5000, 'AQ==', (1 << 20) - 5001]);
    expect(encodeBytes(new Uint8Array(0))).toBe('');
    expect(encodeBytes(new Uint8Array(2))).toBe('AAA=');
  });

  it.each(['A', 'AAA', 'A===', 'äöü', 'AAAA\n'])('refuse %j, which is not base64', (text) => {
    expect(() => decodeBytes(text)).toThrow('not base64');
  });
});

const name = fc
  .oneof(fc.constantFrom('a', '__proto__', 'ü \u{1f4be}', '..x'), fc.string({ minLength: 1, maxLength: 9 }))
  .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..');
const count = fc.maxSafeNat();
const inode = fc.integer({ min: 1, max: 9 });
const mode = fc.nat(0o7777);
const data = fc.uint8Array({ maxLength: 9000 });
const fixed = <const Text extends string>(text: Text) => fc.constant(text);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record(
    {
      kind: fixed('create'),
      inode,
      inodeKind: fc.constantFrom<InodeKind>('file', 'directory', 'symlink', 'fifo', 'block-device'),
      link: fc.record({ parent: inode, name }),
      mode,
      uid: count,
      gid: count,
      target: fc.string(),
      device: count,
    },
    { requiredKeys: ['kind', 'inode', 'inodeKind', 'mode', 'uid', 'gid'] },
  ),
  fc.record({ kind: fc.constantFrom('link' as const, 'unlink' as const), parent: inode, name, inode }),
  fc.record(
    {
      kind: fixed('rename'),
      fromParent: inode,
      fromName: name,
      toParent: inode,
      toName: name,
      inode,
      replaced: inode,
      exchange: fc.boolean(),
    },
    { requiredKeys: ['kind', 'fromParent', 'fromName', 'toParent', 'toName', 'inode', 'exchange'] },
  ),
  fc.record({ kind: fixed('write'), inode, offset: count, data }),
  fc.record({ kind: fixed('truncate'), inode, size: count }),
  fc.record({
    kind: fixed('allocate'),
    inode,
    mode: fc.constantFrom('reserve' as const, 'zero' as const, 'punch' as const),
    offset: count,
    length: count,
    keepSize: fc.boolean(),
  }),
  fc.record(
    { kind: fixed('set-meta'), inode, mode, uid: count, gid: count },
    { requiredKeys: ['kind', 'inode'] },
  ),
  fc.record({ kind: fixed('set-xattr'), inode, name: fixed('user.x'), value: fc.option(data) }),
  fc.record(
    {
      kind: fixed('sync'),
      inode,
      cause: fc.constantFrom(
        'fsync' as const,
        'fdatasync' as const,
        'fsyncdir' as const,
        'O_SYNC' as const,
        'O_DSYNC' as const,
      ),
      failed: fc.boolean(),
    },
    { requiredKeys: ['kind', 'inode', 'cause'] },
  ),
  fc.record({ kind: fixed('close'), inode }),
);

const entry: fc.Arbitrary<TraceEntry> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fixed('operation'), volume: fc.constantFrom('data', 'mirror'), operation }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fixed('acknowledgement'), text: fc.string() }) },
  { weight: 1, arbitrary: fc.record({ kind: fixed('process-crash') }) },
);

const page = fc.oneof(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), fc.constant(new Uint8Array(4096)));
const time = fc.record({ seconds: fc.integer(), nanoseconds: fc.nat(999_999_999) });

const recording: fc.Arbitrary<Recording> = fc
  .record({
    size: count,
    pages: fc.array(fc.tuple(fc.nat(50), page), { maxLength: 6 }),
    names: fc.uniqueArray(name, { maxLength: 5 }),
    xattrs: fc.array(fc.tuple(name, data), { maxLength: 2 }),
    times: fc.tuple(time, time, time),
    owner: fc.record({ mode, uid: fc.nat(9), gid: fc.nat(9) }),
    trace: fc.array(entry, { maxLength: 20 }),
  })
  .map(({ size, pages, names, xattrs, times, owner, trace }) => {
    const base = emptyTree(['data', 'mirror']);
    const file = createInode({ number: 3, kind: 'file', ...owner });
    [file.atime, file.mtime, file.ctime] = times;
    if (file.kind === 'file') {
      file.content.size = size;
      for (const [index, bytes] of pages) file.content.pages.set(index, bytes);
    }
    for (const [key, value] of xattrs) file.xattrs.set(key, value);
    base.inodes.set(3, file);
    base.inodes.set(4, createInode({ number: 4, kind: 'symlink', ...owner, target: '../ü' }));
    base.inodes.set(5, createInode({ number: 5, kind: 'character-device', ...owner, device: 259 }));
    const root = base.inodes.get(1);
    for (const [index, key] of names.entries())
      if (root?.kind === 'directory') root.entries.set(key, 3 + (index % 3));
    return { base, trace };
  });

describe('a recording file', () => {
  it('holds a recording whole', () => {
    fc.assert(
      fc.property(recording, (original) => {
        const decoded = decodeRecording(encodeRecording(original));
        expect(decoded).toEqual(original);
        // The file has its pages in order.
        expect(encodeRecording(decoded)).toBe(encodeRecording(original));
      }),
    );
  });

  it('has bytes of its own once it is read', () => {
    const original: Recording = {
      base: emptyTree(['data']),
      trace: [
        {
          kind: 'operation',
          volume: 'data',
          operation: { kind: 'write', inode: 3, offset: 0, data: new Uint8Array([1]) },
        },
      ],
    };
    expect(encodeRecording(original)).toBe(
      '{"format":"powercut-recording","version":1,"volumes":[["data",1]],' +
        '"inodes":[{"kind":"directory","number":1,"mode":493,"entries":[]}],' +
        '"trace":[{"kind":"operation","volume":"data","operation":{"kind":"write","inode":3,"offset":0,"data":"AQ=="}}]}',
    );
  });

  const valid = recordingToJson({ base: emptyTree(['data']), trace: [] });
  it.each([
    ['nonsense', 'not a recording'],
    ['[]', 'expected object'],
    [JSON.stringify({ ...valid, format: 'other' }), 'format'],
    [JSON.stringify({ ...valid, version: 2 }), 'version'],
    [JSON.stringify({ ...valid, extra: 1 }), 'extra'],
    [JSON.stringify({ ...valid, trace: [{ kind: 'nap' }] }), 'trace[0]'],
    [JSON.stringify({ ...valid, inodes: [] }), 'volume data has no root directory 1'],
    [JSON.stringify({ ...valid, inodes: [...valid.inodes, ...valid.inodes] }), 'two inodes have one number'],
    [
      JSON.stringify({ ...valid, inodes: [{ kind: 'directory', number: 1, mode: 0, entries: [['a', 7]] }] }),
      'names inode 7, which is not there',
    ],
    [
      JSON.stringify({
        ...valid,
        inodes: [...valid.inodes, { kind: 'file', number: 2, mode: 0, size: 1, extents: [[0, 'AAAA']] }],
      }),
      'is not whole pages',
    ],
    [
      JSON.stringify({
        ...valid,
        trace: [{ kind: 'operation', volume: 'other', operation: { kind: 'close', inode: 1 } }],
      }),
      'trace entry 0 is on volume other',
    ],
  ])('is refused if it is damaged: %.70s', (text, message) => {
    expect(() => decodeRecording(text)).toThrow(message);
  });
});
