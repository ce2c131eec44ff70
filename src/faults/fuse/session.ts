import type { Recording } from '../model/recording.ts';
import type { Inode, InodeNumber, Timestamp } from '../model/tree.ts';
import type { Firing, Plan } from '../plan.ts';
import { type Caller, type Descriptor, type LastingFaults, LiveDisk, PosixError } from '../volume.ts';
import type { Reply, Request } from './message.ts';
import { openDirectIo } from './wire.ts';

/** Serves one request: answers the length of the reply's body, or a negative errno. May throw a PosixError instead. */
export type Handler = (session: Session, request: Request, reply: Reply) => number;

/** Opcode to handler. */
export type Handlers = Readonly<Record<number, Handler>>;

/** One open file or directory, as the kernel knows it by its handle. */
export interface Handle {
  readonly descriptor: Descriptor;
  /** Who opened it: the kernel names no process when it writes mapped pages back, or lets go of a file. */
  readonly pid: number;
  /** Directories: the names as they were when the listing began, so that its offsets stay true. */
  listing?: readonly string[];
}

export interface SessionOptions {
  readonly start: Recording;
  readonly plan: Plan;
  /** After a power cut, in place of a plan. */
  readonly earlier: LastingFaults | undefined;
  readonly record: boolean;
  /** Tells the node ids and handles of this session from those of the ones before; from 1. */
  readonly generation: number;
  readonly directIo: boolean;
  readonly kill: (pid: number) => void;
  readonly onFiring: (firing: Firing) => void;
}

/** What the kernel sees between one `begin` and the next: a live disk, and the handles open on it. */
export class Session implements Caller {
  readonly disk: LiveDisk;
  readonly generation: number;
  readonly #openFlags: number;
  readonly #handles: (Handle | undefined)[] = [];
  readonly #freeHandles: number[] = [];
  readonly #toldDirectories = new Set<InodeNumber>();
  #request: Request | undefined;
  #handlePid = 0;

  constructor(options: SessionOptions) {
    const { start, plan, earlier, record, generation, directIo, kill, onFiring } = options;
    const onKill = () => kill(this.pid);
    this.disk = new LiveDisk({ start, plan, earlier, record, now: wallClock, onKill, onFiring });
    this.disk.caller = this;
    this.generation = generation;
    this.#openFlags = directIo ? openDirectIo : 0;
  }

  get uid(): number {
    return this.#request?.uid ?? 0;
  }

  get gid(): number {
    return this.#request?.gid ?? 0;
  }

  get pid(): number {
    return this.#request?.pid || this.#handlePid;
  }

  /** To be called before a request is served. */
  serve(request: Request): void {
    this.#request = request;
    this.#handlePid = 0;
  }

  /** The inode of a node id that stands in the body of a request. */
  nodeAt(request: Request, at: number): InodeNumber {
    if (request.u32(at + 4) !== this.generation)
      throw new PosixError('EXDEV', 'the other node is on no volume');
    return request.u32(at);
  }

  handle(request: Request, at = 0): Handle {
    const handle = request.u32(at + 4) === this.generation ? this.#handles[request.u32(at)] : undefined;
    if (handle === undefined) throw new PosixError('EIO', 'the handle is from before the power went');
    this.#handlePid = handle.pid;
    return handle;
  }

  /** Writes struct fuse_open_out. */
  replyOpen(reply: Reply, at: number, descriptor: Descriptor): number {
    const index = this.#freeHandles.pop() ?? this.#handles.length;
    this.#handles[index] = { descriptor, pid: this.pid };
    return reply.open(at, index, this.generation, this.#openFlags);
  }

  release(request: Request): void {
    const { descriptor } = this.handle(request);
    const index = request.u32(0);
    this.#handles[index] = undefined;
    this.#freeHandles.push(index);
    this.disk.files.close(descriptor);
  }

  /**
   * Writes struct fuse_entry_out. The kernel knows the inode now: it stays until the kernel forgets it. `remember`: the
   * name as well, until it changes it.
   */
  replyEntry(reply: Reply, at: number, inode: Inode, remember = true): number {
    const { number: node, kind } = inode;
    this.disk.hold(node);
    if (kind === 'directory') this.#toldDirectories.add(node);
    const linkCount = this.disk.attributes.linkCount(node);
    return reply.entry(at, { node, generation: this.generation, remember }, inode, linkCount);
  }

  /** Directories of which the kernel may remember attributes. */
  get toldDirectories(): Iterable<InodeNumber> {
    return this.#toldDirectories;
  }

  replyAttributes(reply: Reply, inode: InodeNumber): number {
    const { attributes } = this.disk;
    return reply.attributesReply(attributes.inode(inode), attributes.linkCount(inode));
  }
}

/** Milliseconds are as fine as most file systems' clocks tick. */
export function wallClock(): Timestamp {
  const milliseconds = Date.now();
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1_000_000 };
}
