import type { InodeKind, InodeNumber } from './tree.ts';

/**
 * One thing that the subject asked of a volume and that changes it, or makes a change durable. Operations speak of
 * inodes, not paths: names are resolved by the layer that recorded them. They are plain data, and with
 * {@link applyOperation} they are the whole definition of what the live tree looks like.
 */
export type Operation =
  | CreateOperation
  | LinkOperation
  | UnlinkOperation
  | RenameOperation
  | WriteOperation
  | TruncateOperation
  | AllocateOperation
  | SetMetaOperation
  | SetXattrOperation
  | SyncOperation
  | CloseOperation
  | MediumOperation;

/** create, mkdir, symlink, mknod. Without `link` the inode has no name yet (O_TMPFILE). */
export interface CreateOperation {
  readonly kind: 'create';
  readonly inode: InodeNumber;
  readonly inodeKind: InodeKind;
  readonly link?: { readonly parent: InodeNumber; readonly name: string };
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly target?: string;
  readonly device?: number;
}

export interface LinkOperation {
  readonly kind: 'link';
  readonly parent: InodeNumber;
  readonly name: string;
  readonly inode: InodeNumber;
}

/** unlink and rmdir. `inode` is what the name stood for. */
export interface UnlinkOperation {
  readonly kind: 'unlink';
  readonly parent: InodeNumber;
  readonly name: string;
  readonly inode: InodeNumber;
}

export interface RenameOperation {
  readonly kind: 'rename';
  readonly fromParent: InodeNumber;
  readonly fromName: string;
  readonly toParent: InodeNumber;
  readonly toName: string;
  readonly inode: InodeNumber;
  /** What the new name stood for before, if anything. */
  readonly replaced?: InodeNumber;
  /** RENAME_EXCHANGE: the two names swap inodes; `replaced` is then the other one. */
  readonly exchange: boolean;
}

export interface WriteOperation {
  readonly kind: 'write';
  readonly inode: InodeNumber;
  readonly offset: number;
  readonly data: Uint8Array;
  /** The disk dropped it: the page cache has the bytes, the medium never gets them. A size that grew is metadata, and stays. */
  readonly lost?: boolean;
}

export interface TruncateOperation {
  readonly kind: 'truncate';
  readonly inode: InodeNumber;
  readonly size: number;
}

/**
 * fallocate(2): `reserve` allocates space that reads as zeros where nothing was written, `zero` makes the range
 * read as zeros, `punch` also frees it.
 */
export interface AllocateOperation {
  readonly kind: 'allocate';
  readonly inode: InodeNumber;
  readonly mode: 'reserve' | 'zero' | 'punch';
  readonly offset: number;
  readonly length: number;
  readonly keepSize: boolean;
}

/** chmod, chown. Times are not effects: nothing that a subject promises hangs on them. */
export interface SetMetaOperation {
  readonly kind: 'set-meta';
  readonly inode: InodeNumber;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface SetXattrOperation {
  readonly kind: 'set-xattr';
  readonly inode: InodeNumber;
  readonly name: string;
  /** null removes the attribute. */
  readonly value: Uint8Array | null;
}

/**
 * A barrier. O_SYNC and O_DSYNC writes are recorded as a write and then a barrier with that cause; they cover, as
 * fsync and fdatasync do, everything issued before on that inode.
 */
export interface SyncOperation {
  readonly kind: 'sync';
  readonly inode: InodeNumber;
  readonly cause: 'fsync' | 'fdatasync' | 'fsyncdir' | 'O_SYNC' | 'O_DSYNC';
  /** It answered EIO: data that it would have covered, and growth by writing, no later barrier covers either. */
  readonly failed?: boolean;
  /** The disk answered and did nothing: it covers nothing. A later barrier may. */
  readonly lost?: boolean;
  /** As if nobody had issued it: it stands here only to keep its place in the trace (docs/mutation.md). */
  readonly leftOut?: boolean;
}

/** The last descriptor that could write was closed. Makes nothing durable, but ext4's auto_da_alloc looks at it. */
export interface CloseOperation {
  readonly kind: 'close';
  readonly inode: InodeNumber;
}

/**
 * Nobody asked for it: the medium holds other bytes than were written there. A bit rotted, a write landed in the wrong
 * place, the cache was dropped after a failed barrier. It is durable at once.
 */
export interface MediumOperation {
  readonly kind: 'medium';
  readonly inode: InodeNumber;
  /** A multiple of 512. */
  readonly offset: number;
  /** Whole sectors: what the medium holds there. */
  readonly data: Uint8Array;
  /** The file's size on the medium, where it is not what the page cache says. */
  readonly size?: number;
  /** Readers see it: the page cache does not hold other bytes, or no longer. */
  readonly shown: boolean;
}
