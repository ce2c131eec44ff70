import { describe, expect, it } from 'vitest';
import { describeTrace } from './describe.ts';
import {
  allocate,
  close,
  create,
  createUnnamed,
  dsync,
  failedFsync,
  fsync,
  fsyncdir,
  link,
  mkdir,
  onDisk,
  program,
  rename,
  truncate,
  unlink,
  write,
} from './fixtures/programs.ts';
import type { Recording } from './recording.ts';
import { emptyTree } from './tree.ts';

const texts = (recording: Recording) => [...describeTrace(recording).values()];

describe('a trace in words', () => {
  it('names each operation with the paths of its time', () => {
    const recording = program(
      mkdir(2, 'wal'),
      create(3, '1.tmp', 2),
      write(3, 'x'.repeat(512), 4096),
      truncate(3, 100),
      allocate(3, 'reserve', 0, 8192),
      allocate(3, 'zero', 0, 10),
      allocate(3, 'punch', 10, 20, true),
      { kind: 'set-meta', inode: 3, mode: 0o600 },
      { kind: 'set-meta', inode: 3, uid: 7 },
      { kind: 'set-xattr', inode: 3, name: 'user.a', value: new Uint8Array(1) },
      { kind: 'set-xattr', inode: 3, name: 'user.a', value: null },
      fsync(3),
      rename(3, '1.tmp', '1.seg', { from: 2, to: 2 }),
      fsyncdir(2),
      failedFsync(3),
      dsync(3),
      close(3),
      rename(2, 'wal', 'log'),
      fsync(3),
      unlink(3, '1.seg', 2),
    );
    expect(texts(recording)).toEqual([
      'mkdir wal',
      'create wal/1.tmp',
      'write wal/1.tmp 4096+512',
      'truncate wal/1.tmp to 100',
      'allocate wal/1.tmp 0+8192',
      'zero wal/1.tmp 0+10',
      'punch wal/1.tmp 10+20',
      'chmod wal/1.tmp',
      'chown wal/1.tmp',
      'setxattr wal/1.tmp user.a',
      'removexattr wal/1.tmp user.a',
      'fsync wal/1.tmp',
      'rename wal/1.tmp to wal/1.seg',
      'fsync directory wal',
      'fsync wal/1.seg (answered EIO)',
      'O_DSYNC wal/1.seg',
      'close wal/1.seg',
      'rename wal to log',
      'fsync log/1.seg',
      'unlink log/1.seg',
    ]);
  });

  it('follows exchanged names, new links and files without a name', () => {
    const start = program(create(2, 'a'), create(3, 'b'));
    const recording = onDisk(
      start,
      rename(2, 'a', 'b', { replaced: 3, exchange: true }),
      fsync(2),
      fsync(3),
      createUnnamed(4),
      fsync(4),
      link(4, 'c'),
      fsync(4),
      fsyncdir(),
    );
    expect(texts(recording)).toEqual([
      'exchange a and b',
      'fsync b',
      'fsync a',
      'create a file without a name',
      'fsync inode 4',
      'link inode 4 to c',
      'fsync c',
      'fsync directory /',
    ]);
  });

  it('says which volume, where there are several, and skips what is no operation', () => {
    const recording: Recording = {
      base: emptyTree(['data', 'mirror']),
      trace: [
        { kind: 'operation', volume: 'mirror', operation: create(3, 'f', 2) },
        { kind: 'acknowledgement', text: 'done' },
        { kind: 'operation', volume: 'mirror', operation: fsyncdir(2) },
      ],
    };
    expect([...describeTrace(recording)]).toEqual([
      [0, 'create mirror/f'],
      [2, 'fsync directory mirror'],
    ]);
  });
});
