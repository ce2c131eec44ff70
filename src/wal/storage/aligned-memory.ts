/**
 * Memory that O_DIRECT takes, without native code: the buffer of a `WebAssembly.Memory` begins at a page. Such a buffer costs
 * 40 µs and much address space, so many allocations share one. It is given back once nothing refers to any of them.
 */

/** A multiple of the block of every disk in use, and the page of memory. */
export const alignmentBytes = 4096;

const wasmPageBytes = 65_536;
const arenaBytes = 4 * 1024 * 1024;

/** A part of the JavaScript that Node runs, which its types leave out. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
};

let arena: ArrayBuffer | undefined;
let usedBytes = 0;
const aligned = new WeakSet<ArrayBufferLike>();

/** As {@link allocateAligned}; but WebAssembly wants much more address space than it gives memory, and where that is short, any memory. */
export function allocatePreferablyAligned(bytes: number): Uint8Array {
  try {
    return allocateAligned(bytes);
  } catch (error) {
    if (error instanceof RangeError) return new Uint8Array(bytes);
    throw error;
  }
}

/** So many zero bytes, from an address that is a multiple of {@link alignmentBytes}. Throws a RangeError if there are none. */
export function allocateAligned(bytes: number): Uint8Array {
  if (bytes > arenaBytes / 2) return new Uint8Array(reserve(bytes), 0, bytes);
  if (arena === undefined || usedBytes + bytes > arenaBytes) {
    arena = reserve(arenaBytes);
    usedBytes = 0;
  }
  const allocated = new Uint8Array(arena, usedBytes, bytes);
  usedBytes += alignUp(bytes);
  return allocated;
}

/** Whether the bytes begin at a multiple of `unitBytes`, as far as is known: in memory that was allocated here. */
export function isAligned(bytes: Uint8Array, unitBytes: number): boolean {
  return bytes.byteOffset % unitBytes === 0 && aligned.has(bytes.buffer);
}

export function alignUp(bytes: number): number {
  return Math.ceil(bytes / alignmentBytes) * alignmentBytes;
}

/** Memory to copy to and from where O_DIRECT does not take what there is. It grows as it must. */
export class StagingBuffer {
  #bytes: Uint8Array = new Uint8Array(0);

  /** At least so many bytes, whatever they hold; those of the call before are no longer the caller's. */
  take(bytes: number): Uint8Array {
    if (bytes > this.#bytes.length)
      this.#bytes = allocateAligned(alignUp(Math.max(bytes, 2 * this.#bytes.length)));
    return this.#bytes.subarray(0, bytes);
  }
}

/** The memory is never grown, which would detach its buffer. */
function reserve(bytes: number): ArrayBuffer {
  const pages = Math.ceil(bytes / wasmPageBytes);
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
  aligned.add(buffer);
  return buffer;
}
