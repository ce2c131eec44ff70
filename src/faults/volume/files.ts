import { copyContent, pageBytes } from '../model/content.ts';
import type { AllocateOperation, SyncOperation } from '../model/operation.ts';
import type { FileInode, InodeNumber } from '../model/tree.ts';
import { clearPrivileges } from './attributes.ts';
import { type DiskState, touch } from './disk-state.ts';
import { checkFileSize, fileBytesMax } from './limits.ts';
import { PosixError } from './posix-error.ts';

/** One open(2): what POSIX calls an open file description. */
export interface Descriptor {
  readonly inode: InodeNumber;
  readonly writable: boolean;
  /** O_DIRECT: reads are answered by the medium. */
  readonly direct: boolean;
  /** How many failed syncs of the inode it has reported, or came too late for. */
  failuresSeen: number;
}

export interface OpenFlags {
  readonly writable?: boolean;
  /** O_TRUNC */
  readonly truncate?: boolean;
  /** O_DIRECT */
  readonly direct?: boolean;
}

/** The calls that work on open files, and those on a file's bytes. */
export class Files {
  readonly #disk: DiskState;

  constructor(disk: DiskState) {
    this.#disk = disk;
  }

  /** Opens a file, or a directory for reading. The inode stays until {@link Files.close}, its last name gone or not. */
  open(
    inode: InodeNumber,
    { writable = false, truncate = false, direct = false }: OpenFlags = {},
  ): Descriptor {
    const state = this.#disk.state(inode);
    if (writable) this.#disk.file(inode);
    this.#disk.faults?.open(state.volume, inode);
    if (truncate) this.truncate(inode, 0);
    state.holds++;
    if (writable) state.writers++;
    return { inode, writable, direct, failuresSeen: state.failures };
  }

  /** To be called once. A `close` is recorded when nothing can write to the file any more. */
  close({ inode, writable }: Descriptor): void {
    const state = this.#disk.state(inode);
    state.holds--;
    if (writable) state.writers--;
    try {
      if (writable && state.writers === 0) this.#disk.issue(state.volume, { kind: 'close', inode });
    } finally {
      this.#disk.dropUnreachable(inode);
    }
  }

  size(inode: InodeNumber): number {
    return this.#disk.file(inode).content.size;
  }

  /** Copies what there is from `offset` on into `into`; answers how many bytes, 0 at the end. */
  read({ inode, direct }: Descriptor, offset: number, into: Uint8Array): number {
    const file = this.#disk.file(inode);
    const { faults } = this.#disk;
    if (faults === undefined) return copyContent(file.content, offset, into);
    return faults.read(this.#disk.state(inode).volume, file, offset, into, direct ? 'medium' : 'cache');
  }

  /** As {@link Files.read}, but answered by the medium, whatever the page cache holds. */
  readBack(descriptor: Descriptor, offset: number, into: Uint8Array): number {
    return this.read({ ...descriptor, direct: true }, offset, into);
  }

  /**
   * Answers how many bytes were written: fewer than given only where the file would grow too large, or a fault cut it
   * short. `data` is handed over: it must never change again. `sync`: the barrier that O_SYNC, O_DSYNC or RWF_DSYNC put behind this write.
   */
  write(descriptor: Descriptor, offset: number, data: Uint8Array, sync?: 'O_SYNC' | 'O_DSYNC'): number {
    if (!descriptor.writable)
      throw new PosixError('EBADF', `inode ${descriptor.inode} was opened for reading`);
    const file = this.#disk.file(descriptor.inode);
    if (data.length === 0) return 0;
    checkFileSize(offset + 1);
    const count = Math.min(data.length, fileBytesMax - offset);
    const state = this.#disk.state(file.number);
    clearPrivileges(this.#disk, file, 'capabilities');
    const written = this.#disk.write(state.volume, {
      kind: 'write',
      inode: file.number,
      offset,
      data: count === data.length ? data : data.subarray(0, count),
    });
    touch(file, this.#disk.now());
    if (sync !== undefined) this.sync(descriptor, sync);
    return written;
  }

  truncate(inode: InodeNumber, size: number): void {
    const file = this.#disk.file(inode);
    checkFileSize(size);
    clearPrivileges(this.#disk, file, 'capabilities');
    this.#disk.issue(this.#disk.state(inode).volume, { kind: 'truncate', inode, size });
    touch(file, this.#disk.now());
  }

  /** fallocate(2): `reserve` is mode 0, `punch` FALLOC_FL_PUNCH_HOLE, `zero` FALLOC_FL_ZERO_RANGE. */
  allocate(
    { inode, writable }: Descriptor,
    range: Pick<AllocateOperation, 'mode' | 'offset' | 'length' | 'keepSize'>,
  ): void {
    if (!writable) throw new PosixError('EBADF', `inode ${inode} was opened for reading`);
    if (range.length <= 0) throw new PosixError('EINVAL', 'a range has at least one byte');
    const file = this.#disk.file(inode);
    checkFileSize(range.offset + range.length);
    clearPrivileges(this.#disk, file, 'capabilities');
    this.#disk.issue(this.#disk.state(inode).volume, {
      kind: 'allocate',
      inode,
      mode: range.mode,
      offset: range.offset,
      length: range.length,
      keepSize: range.keepSize || range.mode === 'punch',
    });
    touch(file, this.#disk.now());
  }

  /** copy_file_range(2): recorded as a write of the bytes copied. Answers how many, `lengthMax` at most. */
  copy(from: Descriptor, fromOffset: number, to: Descriptor, toOffset: number, lengthMax: number): number {
    const { content } = this.#disk.file(from.inode);
    const length = Math.min(lengthMax, Math.max(0, content.size - fromOffset));
    if (from.inode === to.inode && Math.abs(fromOffset - toOffset) < length) {
      throw new PosixError('EINVAL', 'the two ranges of one file overlap');
    }
    const data = new Uint8Array(length);
    copyContent(content, fromOffset, data);
    return this.write(to, toOffset, data);
  }

  /** lseek(2) with SEEK_DATA or SEEK_HOLE, in pages: ENXIO beyond the end, or where no data follows. */
  seek({ inode }: Descriptor, offset: number, whence: 'data' | 'hole'): number {
    const { content } = this.#disk.file(inode);
    if (offset >= content.size) throw new PosixError('ENXIO', `offset ${offset} is beyond the end`);
    if (whence === 'hole') return Math.min(content.size, nextHole(content, offset));
    const data = nextData(content, offset);
    if (data >= content.size) throw new PosixError('ENXIO', `no data follows offset ${offset}`);
    return data;
  }

  /**
   * A barrier. EIO if the plan fails it, or if an earlier one failed and this descriptor, open then, has not told yet.
   * To tell only is no operation: it dooms nothing that was written since, and a later barrier covers that.
   */
  sync(descriptor: Descriptor, cause: SyncOperation['cause']): void {
    const { inode } = descriptor;
    const state = this.#disk.state(inode);
    state.failures += state.failuresUntold;
    state.failuresUntold = 0;
    if (descriptor.failuresSeen === state.failures)
      this.#disk.sync(state.volume, { kind: 'sync', inode, cause });
    if (descriptor.failuresSeen === state.failures) return;
    descriptor.failuresSeen = state.failures;
    throw new PosixError('EIO', `a sync of inode ${inode} failed`);
  }
}

function nextHole({ pages }: FileInode['content'], offset: number): number {
  let index = Math.floor(offset / pageBytes);
  if (!pages.has(index)) return offset;
  while (pages.has(index)) index++;
  return index * pageBytes;
}

/** Infinity where there is none. Looks at every page rather than at every index: a sparse file has few. */
function nextData({ pages }: FileInode['content'], offset: number): number {
  const first = Math.floor(offset / pageBytes);
  if (pages.has(first)) return offset;
  let next = Number.POSITIVE_INFINITY;
  for (const index of pages.keys()) if (index > first && index < next) next = index;
  return next * pageBytes;
}
