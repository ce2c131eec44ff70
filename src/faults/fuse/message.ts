import type { Inode, Timestamp } from '../model/tree.ts';
import { PosixError } from '../volume.ts';
import { fileType, inHeaderBytes, outHeaderBytes, writeBytesMax } from './wire.ts';

const requestBytesMax = inHeaderBytes + writeBytesMax + 4096;
const replyBytesMax = outHeaderBytes + writeBytesMax + 4096;
const twoTo32 = 2 ** 32;

const slabBytes = 1 << 16;

/** Not zeroed: it is given out only to be written over. */
function freshMemory(): ArrayBuffer {
  return Buffer.allocUnsafeSlow(slabBytes).buffer;
}

/** Cuts small arrays out of larger ones: an ArrayBuffer of its own for each write costs more than the copy. */
class Slab {
  #memory = freshMemory();
  #used = 0;

  take(length: number): Uint8Array {
    if (length > slabBytes / 4) return new Uint8Array(length);
    if (this.#used + length > slabBytes) {
      this.#memory = freshMemory();
      this.#used = 0;
    }
    const array = new Uint8Array(this.#memory, this.#used, length);
    this.#used += length;
    return array;
  }
}

/** A part of a buffer. The last one is kept: most requests are of one size, and a new array costs as much as its bytes. */
class Window {
  readonly #buffer: Buffer;
  #part: Uint8Array;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.#part = buffer.subarray(0, 0);
  }

  at(start: number, length: number): Uint8Array {
    const byteOffset = this.#buffer.byteOffset + start;
    if (this.#part.byteOffset !== byteOffset || this.#part.length !== length)
      this.#part = new Uint8Array(this.#buffer.buffer, byteOffset, length);
    return this.#part;
  }
}

/**
 * The request that is being served: one buffer, filled anew by each read from the device. Positions are in bytes from
 * the end of struct fuse_in_header.
 */
export class Request {
  readonly buffer: Buffer = Buffer.alloc(requestBytesMax);
  readonly #view = new DataView(this.buffer.buffer, this.buffer.byteOffset);
  readonly #slab = new Slab();
  readonly #data = new Window(this.buffer);
  /** Bytes of the whole request, its header included. */
  length = 0;

  get opcode(): number {
    return this.#view.getUint32(4, true);
  }
  get uniqueLow(): number {
    return this.#view.getUint32(8, true);
  }
  get uniqueHigh(): number {
    return this.#view.getUint32(12, true);
  }
  /** The inode number in a node id; the generation is {@link Request.nodeGeneration}. */
  get node(): number {
    return this.#view.getUint32(16, true);
  }
  get nodeGeneration(): number {
    return this.#view.getUint32(20, true);
  }
  get uid(): number {
    return this.#view.getUint32(24, true);
  }
  get gid(): number {
    return this.#view.getUint32(28, true);
  }
  /** 0 where the kernel asks for itself, or for a process outside the daemon's pid namespace. */
  get pid(): number {
    return this.#view.getUint32(32, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(inHeaderBytes + at, true);
  }

  /** A 64-bit offset or length; beyond 2^53 it is not exact, and too large for any file. */
  u64(at: number): number {
    return this.u32(at) + this.u32(at + 4) * twoTo32;
  }

  i64(at: number): number {
    return this.u32(at) + this.#view.getInt32(inHeaderBytes + at + 4, true) * twoTo32;
  }

  bodyView(): DataView {
    return new DataView(
      this.buffer.buffer,
      this.buffer.byteOffset + inHeaderBytes,
      this.length - inHeaderBytes,
    );
  }

  /** A copy that is the caller's own: to be changed by nobody, since small ones share their memory. */
  bytes(at: number, length: number): Uint8Array {
    const start = inHeaderBytes + at;
    if (start + length > this.length) throw new PosixError('EPROTO', 'the request is shorter than it says');
    const copy = this.#slab.take(length);
    copy.set(this.#data.at(start, length));
    return copy;
  }

  /** Where the text that starts at `at` ends: the position behind its NUL. */
  textEnd(at: number): number {
    const end = this.buffer.indexOf(0, inHeaderBytes + at);
    if (end < 0 || end >= this.length) throw new PosixError('EPROTO', 'a text in the request has no end');
    return end - inHeaderBytes + 1;
  }

  /** A text that ends with NUL. Names are text in a recording: one that is not UTF-8 is refused, with EILSEQ. */
  text(at: number, end = this.textEnd(at)): string {
    const from = inHeaderBytes + at;
    const to = inHeaderBytes + end - 1;
    const text = this.buffer.toString('utf8', from, to);
    if (text.includes('\ufffd') && !Buffer.from(text).equals(this.buffer.subarray(from, to))) {
      throw new PosixError('EILSEQ', 'a name is not UTF-8');
    }
    return text;
  }
}

/** What a name stands for, as the kernel is told. */
export interface EntryNode {
  readonly node: number;
  readonly generation: number;
  /** Nothing but the kernel's own calls will change it: no need to ask again. */
  readonly remember: boolean;
}

const daySeconds = 86_400;

/**
 * For how long the kernel may keep what it was told of an inode. A directory's attributes change by the kernel's own calls
 * alone, and it looks at them at each step of a path. A file's size changes by faults too.
 */
function attributesValidSeconds({ kind }: Inode): number {
  return kind === 'directory' ? daySeconds : 0;
}

/** The reply that is being built. Positions are in bytes from the end of struct fuse_out_header. */
export class Reply {
  readonly buffer: Buffer = Buffer.alloc(replyBytesMax);
  readonly view: DataView = new DataView(this.buffer.buffer, this.buffer.byteOffset);
  readonly #room = new Window(this.buffer);

  u32(at: number, value: number): void {
    this.view.setUint32(outHeaderBytes + at, value, true);
  }

  u64(at: number, value: number): void {
    const high = Math.floor(value / twoTo32);
    this.u32(at, value - high * twoTo32);
    this.u32(at + 4, high);
  }

  /** Two words that make one: an inode number or an index, and the generation that it is of. */
  id(at: number, low: number, generation: number): void {
    this.u32(at, low);
    this.u32(at + 4, generation);
  }

  zero(at: number, length: number): void {
    this.buffer.fill(0, outHeaderBytes + at, outHeaderBytes + at + length);
  }

  /** Answers how many bytes the text took. */
  text(at: number, text: string): number {
    return this.buffer.write(text, outHeaderBytes + at, 'utf8');
  }

  bytes(at: number, bytes: Uint8Array): void {
    this.buffer.set(bytes, outHeaderBytes + at);
  }

  /** The body, for `length` bytes of data that the caller fills in. */
  room(length: number): Uint8Array {
    return this.#room.at(outHeaderBytes, length);
  }

  /** struct fuse_attr, 88 bytes. */
  attributes(at: number, inode: Inode, linkCount: number): void {
    const size = inodeSize(inode);
    this.u64(at, inode.number);
    this.u64(at + 8, size);
    this.u64(at + 16, inode.kind === 'file' ? inode.content.pages.size * 8 : 0); // blocks of 512 bytes
    this.#time(at + 24, at + 48, inode.atime);
    this.#time(at + 32, at + 52, inode.mtime);
    this.#time(at + 40, at + 56, inode.ctime);
    this.u32(at + 60, fileType[inode.kind] | inode.mode);
    this.u32(at + 64, linkCount);
    this.u32(at + 68, inode.uid);
    this.u32(at + 72, inode.gid);
    this.u32(at + 76, 'device' in inode ? inode.device : 0);
    this.u32(at + 80, 4096); // blksize
    this.u32(at + 84, 0); // flags
  }

  /** struct fuse_attr_out, 104 bytes. */
  attributesReply(inode: Inode, linkCount: number): number {
    this.u64(0, attributesValidSeconds(inode));
    this.zero(8, 8);
    this.attributes(16, inode, linkCount);
    return 104;
  }

  /** struct fuse_entry_out, 128 bytes. */
  entry(at: number, { node, generation, remember }: EntryNode, inode: Inode, linkCount: number): number {
    this.id(at, node, generation);
    this.u64(at + 8, generation);
    this.u64(at + 16, remember ? daySeconds : 0);
    this.u64(at + 24, attributesValidSeconds(inode));
    this.u64(at + 32, 0);
    this.attributes(at + 40, inode, linkCount);
    return 128;
  }

  /** struct fuse_open_out, 16 bytes. */
  open(at: number, handle: number, generation: number, flags: number): number {
    this.id(at, handle, generation);
    this.u32(at + 8, flags);
    this.u32(at + 12, 0);
    return 16;
  }

  /** struct fuse_statfs_out, 80 bytes: a disk that is never full. */
  statistics(inodes: number, nameBytesMax: number): number {
    const blocks = 2 ** 32;
    this.zero(0, 80);
    for (const at of [0, 8, 16]) this.u64(at, blocks);
    this.u64(24, 2 ** 32);
    this.u64(32, 2 ** 32 - inodes);
    this.u32(40, 4096);
    this.u32(44, nameBytesMax);
    this.u32(48, 4096);
    return 80;
  }

  /** Writes struct fuse_out_header; answers the whole length. `error` is 0 or a negative errno, then without a body. */
  finish(request: Request, bodyLength: number, error: number): number {
    const length = outHeaderBytes + bodyLength;
    this.view.setUint32(0, length, true);
    this.view.setInt32(4, error, true);
    this.view.setUint32(8, request.uniqueLow, true);
    this.view.setUint32(12, request.uniqueHigh, true);
    return length;
  }

  #time(secondsAt: number, nanosecondsAt: number, { seconds, nanoseconds }: Timestamp): void {
    this.u64(secondsAt, seconds);
    this.u32(nanosecondsAt, nanoseconds);
  }
}

/** st_size. A directory's says nothing; one page keeps programs content that take 0 for empty. */
function inodeSize(inode: Inode): number {
  switch (inode.kind) {
    case 'file':
      return inode.content.size;
    case 'symlink':
      return Buffer.byteLength(inode.target);
    case 'directory':
      return 4096;
    default:
      return 0;
  }
}
