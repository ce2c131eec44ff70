import koffi from 'koffi';

/**
 * System calls of Linux that Node does not offer, for the campaigns. Each answers what the call answers, or throws an
 * error whose `code` is the name of its errno, as those of node:fs do.
 */
export interface Libc {
  fallocate(descriptor: number, mode: number, offset: number, length: number): number;
  lseek(descriptor: number, offset: number, whence: number): number;
  /** Answers how many bytes were copied. */
  copyFileRange(from: number, fromOffset: number, to: number, toOffset: number, length: number): number;
  rename(from: string, to: string, flags: number): number;
  /** linkat(2), which follows a symlink `from`. */
  linkFollowing(from: string, to: string): number;
  setXattr(path: string, name: string, value: Uint8Array, flags: number): number;
  getXattr(path: string, name: string, into: Uint8Array): number;
  listXattr(path: string, into: Uint8Array): number;
  removeXattr(path: string, name: string): number;
  /** Maps the first `bytes` of a file, shared, to be read and written. */
  map(descriptor: number, bytes: number): Mapping;
}

/** Bytes beyond the last page of the file must not be touched: the kernel answers with SIGBUS. */
export interface Mapping {
  read(offset: number, into: Uint8Array): void;
  write(offset: number, data: Uint8Array): void;
  /** msync(2) of all of it, with MS_SYNC. */
  sync(): void;
  unmap(): void;
}

/** PROT_READ | PROT_WRITE, MAP_SHARED, MS_SYNC, AT_FDCWD, AT_SYMLINK_FOLLOW */
const readAndWrite = 3;
const shared = 1;
const syncNow = 4;
const workingDirectory = -100;
const followSymlink = 0x400;

export function loadLibc(): Libc {
  const library = koffi.load(null);
  const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  const call = (prototype: string) => {
    const symbol = library.func(prototype);
    return (...values: readonly unknown[]): number => {
      const answer = Number(symbol(...values));
      if (answer >= 0) return answer;
      const code = errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
      throw Object.assign(new Error(`${code}: ${prototype}`), { code });
    };
  };
  const copyFileRange = call('int64_t copy_file_range(int, void *, int, void *, size_t, unsigned int)');
  const renameAt = call('int renameat2(int, const char *, int, const char *, unsigned int)');
  const linkAt = call('int linkat(int, const char *, int, const char *, int)');
  const setXattr = call('int setxattr(const char *, const char *, void *, size_t, int)');
  const getXattr = call('int64_t getxattr(const char *, const char *, void *, size_t)');
  const listXattr = call('int64_t listxattr(const char *, void *, size_t)');
  const map = library.func('void *mmap(void *, size_t, int, int, int, int64_t)');
  const copyMemory = library.func('void *memcpy(void *, void *, size_t)');
  const sync = call('int msync(void *, size_t, int)');
  const unmap = call('int munmap(void *, size_t)');
  return {
    fallocate: call('int fallocate(int, int, int64_t, int64_t)'),
    lseek: call('int64_t lseek(int, int64_t, int)'),
    copyFileRange: (from, fromOffset, to, toOffset, length) =>
      copyFileRange(from, offsetCell(fromOffset), to, offsetCell(toOffset), length, 0),
    rename: (from, to, flags) => renameAt(workingDirectory, from, workingDirectory, to, flags),
    linkFollowing: (from, to) => linkAt(workingDirectory, from, workingDirectory, to, followSymlink),
    setXattr: (path, name, value, flags) => setXattr(path, name, value, value.length, flags),
    getXattr: (path, name, into) => getXattr(path, name, into, into.length),
    listXattr: (path, into) => listXattr(path, into, into.length),
    removeXattr: call('int removexattr(const char *, const char *)'),
    map(descriptor, bytes) {
      const address = BigInt(map(null, bytes, readAndWrite, shared, descriptor, 0));
      if (BigInt.asIntN(64, address) === -1n) throw new Error(`mmap fails with errno ${koffi.errno()}`);
      return {
        read: (offset, into) => copyMemory(into, address + BigInt(offset), into.length),
        write: (offset, data) => copyMemory(address + BigInt(offset), data, data.length),
        sync: () => sync(address, bytes, syncNow),
        unmap: () => unmap(address, bytes),
      };
    },
  };
}

/** Where a call reads an offset, and leaves the one behind what it did. */
function offsetCell(offset: number): BigInt64Array {
  return BigInt64Array.of(BigInt(offset));
}
