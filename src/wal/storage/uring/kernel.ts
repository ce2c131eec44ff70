import { StorageError } from '../../storage.ts';

/** The system calls of io_uring, through koffi: no native code of our own. Pointers are bigint. */
export interface Kernel {
  /** io_uring_setup(2): fills `parameters` (struct io_uring_params, 120 bytes); answers a descriptor. */
  setup(entries: number, parameters: Uint8Array): number;
  /** io_uring_enter(2) with IORING_ENTER_GETEVENTS: answers how many entries it took, or minus the errno. */
  enter(descriptor: number, submit: number, wait: number): number;
  /** mmap(2) of a part of the ring, as memory of this process. */
  map(descriptor: number, offset: number, bytes: number): Mapping;
  /** Where the buffer begins. An `ArrayBuffer` that was ever asked for does not move: V8 then keeps its bytes outside of its heap. */
  addressOf(buffer: ArrayBufferLike): bigint;
}

export interface Mapping {
  readonly memory: ArrayBuffer;
  unmap(): void;
}

/** linux/io_uring.h and the tables of system calls: these numbers are the same on every architecture that Node runs on. */
const setupNumber = 425;
const enterNumber = 426;
const enterGetEvents = 1;

/** PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE. */
const protection = 0x3;
const mapFlags = 0x8001;

/** Rejects with `unsupported` where this is not Linux, or koffi is not there. */
export async function loadKernel(): Promise<Kernel> {
  if (process.platform !== 'linux') throw unsupported(`there is none on ${process.platform}`);
  const { default: koffi } = await import('koffi').catch((error) => {
    throw unsupported('the package koffi cannot be loaded: install it', error);
  });
  const libc = koffi.load(null);
  const setup = libc.func('syscall', 'long', ['long', 'uint32_t', 'void *']);
  const enter = libc.func('syscall', 'long', [
    'long',
    'int',
    'uint32_t',
    'uint32_t',
    'uint32_t',
    'void *',
    'size_t',
  ]);
  const mmap = libc.func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const munmap = libc.func('munmap', 'int', ['void *', 'size_t']);
  // Moves nothing, and answers its first argument: an address.
  const memmove = libc.func('memmove', 'void *', ['void *', 'void *', 'size_t']);
  const errorName = () => {
    const errno = koffi.errno();
    return Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
  };
  return {
    setup(entries, parameters) {
      const descriptor = setup(setupNumber, entries, parameters);
      if (descriptor < 0) throw unsupported(`io_uring_setup answers ${errorName()}`);
      return descriptor;
    },
    enter(descriptor, submit, wait) {
      const taken = enter(enterNumber, descriptor, submit, wait, enterGetEvents, null, 0);
      return taken < 0 ? -koffi.errno() : taken;
    },
    map(descriptor, offset, bytes) {
      const pointer = mmap(null, bytes, protection, mapFlags, descriptor, offset);
      if (BigInt.asIntN(64, BigInt(pointer)) === -1n) throw unsupported(`mmap answers ${errorName()}`);
      return { memory: koffi.view(pointer, bytes), unmap: () => munmap(pointer, bytes) };
    },
    addressOf(buffer) {
      const bytes = new Uint8Array(buffer, 0, 1);
      return BigInt(memmove(bytes, bytes, 0));
    },
  };
}

export function unsupported(why: string, cause?: unknown): StorageError {
  return new StorageError(
    'unsupported',
    `io_uring cannot be used: ${why}. Use the backend direct or buffered`,
    { cause },
  );
}
