import * as fs from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import type { Calls } from './perform.ts';

const { O_CREAT, O_DIRECTORY, O_DSYNC, O_EXCL, O_RDWR, O_SYNC, O_WRONLY } = fs.constants;

/** asm-generic/fcntl.h; Node has no name for it. It includes O_DIRECTORY, whose bit differs by architecture. */
const O_TMPFILE = 0o20000000 | O_DIRECTORY;
/** linux/fcntl.h, linux/fs.h, linux/falloc.h, asm-generic/mman-common.h: the same on every architecture that Node runs on. */
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const RENAME_EXCHANGE = 2;
const FALLOC_FL_KEEP_SIZE = 1;
const allocateModes = { reserve: 0, punch: 2 | FALLOC_FL_KEEP_SIZE, zero: 16 } as const;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MS_SYNC = 4;
const pageBytes = 4096;

/** The calls in a real directory; those that Node lacks go through koffi. */
export function systemCalls(directory: string): Calls<number> {
  const libc = loadLibc();
  const at = (path: string) => join(directory, path);
  return {
    open(path, how) {
      if (how === 'create') return fs.openSync(at(path), O_RDWR | O_CREAT | O_EXCL, 0o644);
      return how === 'unnamed'
        ? fs.openSync(directory, O_RDWR | O_TMPFILE, 0o644)
        : fs.openSync(at(path), O_RDWR);
    },
    link: (file, to) => libc.linkat(AT_FDCWD, pathOf(file), AT_FDCWD, at(to), AT_SYMLINK_FOLLOW),
    write(file, data, offset, sync) {
      if (sync === undefined) return fs.writeSync(file, data, 0, data.length, offset);
      const again = fs.openSync(pathOf(file), O_WRONLY | (sync === 'O_SYNC' ? O_SYNC : O_DSYNC));
      try {
        return fs.writeSync(again, data, 0, data.length, offset);
      } finally {
        fs.closeSync(again);
      }
    },
    store: (file, data, offset) => libc.store(file, data, offset),
    truncate: (file, size) => fs.ftruncateSync(file, size),
    allocate: (file, { mode, at: offset, bytes, keepSize }) =>
      libc.fallocate(file, allocateModes[mode] | (keepSize ? FALLOC_FL_KEEP_SIZE : 0), offset, bytes),
    sync: (file, cause) => (cause === 'fsync' ? fs.fsyncSync(file) : fs.fdatasyncSync(file)),
    syncDirectory(path) {
      const opened = fs.openSync(at(path), O_DIRECTORY);
      try {
        fs.fsyncSync(opened);
      } finally {
        fs.closeSync(opened);
      }
    },
    close: (file) => fs.closeSync(file),
    makeDirectory: (path) => fs.mkdirSync(at(path)),
    removeDirectory: (path) => fs.rmdirSync(at(path)),
    unlink: (path) => fs.unlinkSync(at(path)),
    rename(from, to, exchange) {
      if (exchange) libc.renameat2(AT_FDCWD, at(from), AT_FDCWD, at(to), RENAME_EXCHANGE);
      else fs.renameSync(at(from), at(to));
    },
  };
}

/** An open file by a path of its own, whether it has a name or not. */
function pathOf(file: number): string {
  return `/proc/self/fd/${file}`;
}

interface Libc {
  linkat(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): void;
  renameat2(fromDirectory: number, from: string, toDirectory: number, to: string, flags: number): void;
  fallocate(file: number, mode: number, offset: number, length: number): void;
  /** mmap, store, msync, munmap. */
  store(file: number, data: Buffer, offset: number): void;
}

/** Calls that fail throw as Node's own do, with the errno's name as `code`. */
function loadLibc(): Libc {
  const libc = koffi.load(null);
  const names = ['int', 'str', 'int', 'str', 'uint32_t'];
  const linkat = libc.func('linkat', 'int', names);
  const renameat2 = libc.func('renameat2', 'int', names);
  const fallocate = libc.func('fallocate', 'int', ['int', 'int', 'int64_t', 'int64_t']);
  const mmap = libc.func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const msync = libc.func('msync', 'int', ['void *', 'size_t', 'int']);
  const munmap = libc.func('munmap', 'int', ['void *', 'size_t']);
  return {
    linkat: (...parameters) => check('linkat', linkat(...parameters)),
    renameat2: (...parameters) => check('renameat2', renameat2(...parameters)),
    fallocate: (...parameters) => check('fallocate', fallocate(...parameters)),
    store(file, data, offset) {
      const inPage = offset % pageBytes;
      const length = inPage + data.length;
      const mapped = mmap(null, length, PROT_WRITE, MAP_SHARED, file, offset - inPage);
      check('mmap', Number(BigInt.asIntN(64, BigInt(mapped))) === -1 ? -1 : 0);
      try {
        new Uint8Array(koffi.view(mapped, length)).set(data, inPage);
        check('msync', msync(mapped, length, MS_SYNC));
      } finally {
        munmap(mapped, length);
      }
    },
  };
}

function check(call: string, result: number): void {
  if (result >= 0) return;
  const errno = koffi.errno();
  const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `E${errno}`;
  throw Object.assign(new Error(`${call} failed: ${code}`), { code });
}
