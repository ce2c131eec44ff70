import type { Inode } from '../model/tree.ts';
import type { Reply } from './message.ts';
import { fileType } from './wire.ts';

const entryBytes = 128;
const directoryEntryBytes = 24;

/** The body of a READDIR or READDIRPLUS reply while it is filled: a run of struct fuse_dirent or fuse_direntplus. */
export class Listing {
  length = 0;
  readonly #reply: Reply;
  readonly #lengthMax: number;
  readonly #plus: boolean;

  constructor(reply: Reply, lengthMax: number, plus: boolean) {
    this.#reply = reply;
    this.#lengthMax = lengthMax;
    this.#plus = plus;
  }

  /**
   * Answers false, and adds nothing, when the reply is full. `nextOffset`: where a reader goes on behind this entry.
   * `writeEntry` fills in struct fuse_entry_out for READDIRPLUS; without it the kernel learns the name only.
   */
  add(name: string, nextOffset: number, inode: Inode, writeEntry?: (at: number) => void): boolean {
    const start = this.length;
    const head = start + (this.#plus ? entryBytes : 0);
    const nameBytes = Buffer.byteLength(name);
    const end = head + ((directoryEntryBytes + nameBytes + 7) & ~7);
    if (end > this.#lengthMax) return false;
    this.#reply.zero(start, end - start);
    if (this.#plus) writeEntry?.(start);
    this.#reply.u64(head, inode.number);
    this.#reply.u64(head + 8, nextOffset);
    this.#reply.u32(head + 16, nameBytes);
    this.#reply.u32(head + 20, fileType[inode.kind] >> 12);
    this.#reply.text(head + directoryEntryBytes, name);
    this.length = end;
    return true;
  }
}
