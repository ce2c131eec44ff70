import * as fs from 'node:fs';
import fc from 'fast-check';
import { fallocateMode, renameFlag, seekWhence, xattrFlag } from '../wire.ts';
import { type Libc, loadLibc } from './libc.ts';

/** One call that Node does not offer, of a random sequence; paths are relative to the directory under test. */
export type Call =
  | {
      readonly call: 'write';
      readonly path: string;
      readonly offset: number;
      readonly length: number;
      readonly byte: number;
    }
  | {
      readonly call: 'fallocate';
      readonly path: string;
      readonly mode: 'reserve' | 'punch' | 'zero';
      readonly keepSize: boolean;
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly call: 'seek';
      readonly path: string;
      readonly whence: 'data' | 'hole';
      readonly offset: number;
    }
  | { readonly call: 'truncate'; readonly path: string; readonly size: number }
  | {
      readonly call: 'copyRange';
      readonly path: string;
      readonly to: string;
      readonly offset: number;
      readonly toOffset: number;
      readonly length: number;
    }
  | { readonly call: 'rename'; readonly path: string; readonly to: string; readonly flags: number }
  | {
      readonly call: 'setXattr';
      readonly path: string;
      readonly name: string;
      readonly value: string;
      readonly flags: number;
    }
  /** `room`: what the caller has for the answer; 0 asks how much it needs. */
  | { readonly call: 'getXattr'; readonly path: string; readonly name: string; readonly room: number }
  | { readonly call: 'removeXattr'; readonly path: string; readonly name: string }
  | { readonly call: 'listXattr' | 'mkdir'; readonly path: string }
  /** O_TMPFILE, some bytes, and a name for it. */
  | {
      readonly call: 'temporary';
      readonly to: string;
      readonly value: string;
      readonly exclusive: boolean;
    };

const path = fc.constantFrom('a', 'b', 'c', 'p', 'p/a');
const offset = fc.oneof(fc.nat(20_000), fc.constantFrom(0, 4096, 8192, 2 ** 40));
const length = fc.oneof(fc.nat(9000), fc.constantFrom(0, 4096, 8192));
const name = fc.constantFrom('user.one', 'user.two', 'user.', 'user', 'nowhere.x', 'trusted.t');
const value = fc.constantFrom('', 'v', 'a longer value than the others');

const kind = <const Name extends string>(text: Name) => fc.constant(text);

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ call: kind('write'), path, offset, length, byte: fc.nat(255) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      call: kind('fallocate'),
      path,
      mode: fc.constantFrom('reserve', 'punch', 'zero'),
      keepSize: fc.boolean(),
      offset: fc.nat(20_000),
      length,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ call: kind('seek'), path, whence: fc.constantFrom('data', 'hole'), offset }),
  },
  { weight: 2, arbitrary: fc.record({ call: kind('truncate'), path, size: fc.nat(30_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      call: kind('copyRange'),
      path,
      to: path,
      offset: fc.nat(12_000),
      toOffset: fc.nat(12_000),
      length,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      call: kind('rename'),
      path,
      to: path,
      flags: fc.constantFrom(0, renameFlag.noReplace, renameFlag.exchange, 3),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      call: kind('setXattr'),
      path,
      name,
      value,
      flags: fc.constantFrom(0, xattrFlag.create, xattrFlag.replace),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ call: kind('getXattr'), path, name, room: fc.constantFrom(200, 200, 3, 0) }),
  },
  { weight: 1, arbitrary: fc.record({ call: kind('removeXattr'), path, name }) },
  { weight: 1, arbitrary: fc.record({ call: kind('listXattr'), path }) },
  { weight: 1, arbitrary: fc.record({ call: kind('temporary'), to: path, value, exclusive: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ call: kind('mkdir'), path }) },
);

/**
 * Random calls, each of which the host's file system answers in one way only. What SEEK_DATA finds is a matter of taste in
 * space that is allocated but not written, and in the last page of a hole that ends within it: a sequence with seeks has neither.
 */
export const anyCalls: fc.Arbitrary<readonly Call[]> = fc
  .tuple(fc.array(anyCall, { minLength: 10, maxLength: 80, size: 'max' }), fc.boolean())
  .map(([calls, seeks]) => {
    if (!seeks) return calls.filter((one) => one.call !== 'seek');
    return calls.map((one) => {
      if (one.call !== 'fallocate') return one;
      return { ...one, mode: 'punch', length: 16_384 - (one.offset % 4096) };
    });
  });

/** Carries the calls out in `root`; answers what each gave, or its error code. */
export function performCalls(root: string, calls: readonly Call[]): readonly unknown[] {
  const libc = loadedLibc();
  return calls.map((call) => {
    try {
      return performOne(libc, root, call) ?? 'ok';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  });
}

let loaded: Libc | undefined;

function loadedLibc(): Libc {
  loaded ??= loadLibc();
  return loaded;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants;
/** asm-generic/fcntl.h: O_TMPFILE holds the bit of O_DIRECTORY. */
const O_TMPFILE = 0o20000000 | fs.constants.O_DIRECTORY;

function performOne(libc: Libc, root: string, call: Call): unknown {
  const at = (relative: string) => `${root}/${relative}`;
  switch (call.call) {
    case 'write': {
      const data = Buffer.alloc(call.length, call.byte);
      return opened(at(call.path), O_RDWR | O_CREAT, (file) =>
        fs.writeSync(file, data, 0, call.length, call.offset),
      );
    }
    case 'fallocate': {
      const flags = fallocateFlags(call.mode, call.keepSize);
      return opened(at(call.path), O_RDWR, (file) => libc.fallocate(file, flags, call.offset, call.length));
    }
    case 'seek':
      // Opened for writing, so that it is a file: what SEEK_DATA means on a directory is every file system's own affair.
      return opened(at(call.path), O_RDWR, (file) => libc.lseek(file, call.offset, seekWhence[call.whence]));
    case 'truncate':
      return fs.truncateSync(at(call.path), call.size);
    case 'copyRange':
      return opened(at(call.path), O_RDONLY, (from) =>
        opened(at(call.to), O_RDWR | O_CREAT, (to) =>
          libc.copyFileRange(from, call.offset, to, call.toOffset, call.length),
        ),
      );
    case 'rename':
      return libc.rename(at(call.path), at(call.to), call.flags);
    case 'setXattr':
      return libc.setXattr(at(call.path), call.name, Buffer.from(call.value), call.flags);
    case 'getXattr': {
      const room = Buffer.alloc(call.room);
      const length = libc.getXattr(at(call.path), call.name, room);
      return call.room === 0 ? length : room.toString('latin1', 0, length);
    }
    case 'removeXattr':
      return libc.removeXattr(at(call.path), call.name);
    case 'listXattr':
      return userXattrs(libc, at(call.path));
    case 'mkdir':
      return fs.mkdirSync(at(call.path));
    case 'temporary':
      return opened(root, O_RDWR | O_TMPFILE | (call.exclusive ? O_EXCL : 0), (file) => {
        fs.writeSync(file, call.value);
        libc.linkFollowing(`/proc/self/fd/${file}`, at(call.to));
        return fs.fstatSync(file).nlink;
      });
  }
}

/** The kernel punches no hole without FALLOC_FL_KEEP_SIZE. */
export function fallocateFlags(mode: 'reserve' | 'punch' | 'zero', keepSize: boolean): number {
  const what = { reserve: 0, punch: fallocateMode.punchHole, zero: fallocateMode.zeroRange }[mode];
  return keepSize || mode === 'punch' ? what | fallocateMode.keepSize : what;
}

function opened<Answer>(path: string, flags: number, use: (descriptor: number) => Answer): Answer {
  const descriptor = fs.openSync(path, flags, 0o644);
  try {
    return use(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Of the others a host may have its own. */
function userXattrs(libc: Libc, path: string): readonly string[] {
  const room = Buffer.alloc(4096);
  const names = room.toString('latin1', 0, libc.listXattr(path, room)).split('\0');
  return names.filter((one) => one.startsWith('user.')).sort();
}
