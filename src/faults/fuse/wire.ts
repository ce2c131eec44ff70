import { constants } from 'node:fs';

/**
 * The kernel's side of FUSE, as `include/uapi/linux/fuse.h` defines it: numbers, and the sizes and offsets of its
 * structures. Offsets in a structure are given where it is read or written (message.ts and the files beside it); all
 * integers are in the machine's byte order, which is little-endian wherever powercut runs.
 */

/** enum fuse_opcode. What is not here is answered ENOSYS. */
export const opcode = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
  lseek: 46,
  copyFileRange: 47,
  tmpfile: 51,
} as const;

/** One more than the highest opcode that a table of handlers needs. */
export const opcodeLimit = 64;

/** struct fuse_in_header, struct fuse_out_header. */
export const inHeaderBytes = 40;
export const outHeaderBytes = 16;

/** FUSE_ROOT_ID */
export const rootNode = 1;

/** Protocol 7.31 came with Linux 5.4: from there on every structure used here has one layout. */
const minorMin = 31;
/** Protocol 7.39 (Linux 6.6) is the newest that this code was written for; a newer kernel speaks it. */
const minorMax = 39;

/** The longest write that the kernel sends in one request, and the most that it asks for in one read. */
export const writeBytesMax = 1 << 20;
const kernelPageBytes = 4096;
/** struct fuse_init_out since protocol 7.23. */
const initOutBytes = 64;

/** FUSE_* flags of INIT, the low word and (from bit 32 on) the high word. */
const initFlag = {
  atomicOpenTruncate: 1 << 3,
  bigWrites: 1 << 5,
  automaticInvalidation: 1 << 12,
  readdirPlus: 1 << 13,
  readdirPlusAutomatic: 1 << 14,
  parallelDirectoryOperations: 1 << 18,
  maxPages: 1 << 22,
  handleKillPrivileges: 1 << 28,
  extended: 1 << 30,
} as const;
const initFlagHigh = { directIoAllowMmap: 1 << 4 } as const;

/** FOPEN_DIRECT_IO, a flag of an OPEN reply. */
export const openDirectIo = 1 << 0;

/** FATTR_* */
export const setattrValid = {
  mode: 1 << 0,
  uid: 1 << 1,
  gid: 1 << 2,
  size: 1 << 3,
  atime: 1 << 4,
  mtime: 1 << 5,
  fileHandle: 1 << 6,
  atimeNow: 1 << 7,
  mtimeNow: 1 << 8,
  killSetId: 1 << 11,
} as const;

/** FUSE_OPEN_KILL_SUIDGID, FUSE_WRITE_KILL_SUIDGID, FUSE_FSYNC_FDATASYNC */
export const openKillSetId = 1 << 0;
export const writeKillSetId = 1 << 2;
export const fsyncDataOnly = 1 << 0;

/** The open flags of Linux (asm-generic/fcntl.h). O_SYNC holds the bit of O_DSYNC. */
export const openFlag = {
  accessMode: 0o3,
  exclusive: 0o200,
  truncate: 0o1000,
  dataSync: 0o10000,
  sync: 0o4010000,
  /** The one that is not the same on every machine. */
  direct: constants.O_DIRECT ?? 0,
} as const;

/** linux/falloc.h, linux/fs.h, linux/xattr.h, unistd.h */
export const fallocateMode = { keepSize: 1, punchHole: 2, zeroRange: 16 } as const;
export const renameFlag = { noReplace: 1, exchange: 2 } as const;
export const xattrFlag = { create: 1, replace: 2 } as const;
export const seekWhence = { data: 3, hole: 4 } as const;

/** The file type bits of st_mode, as in linux/stat.h. */
export const fileTypeMask = 0o170000;
export const fileType = {
  fifo: 0o010000,
  'character-device': 0o020000,
  directory: 0o040000,
  'block-device': 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** FUSE_NOTIFY_INVAL_INODE, in the place of an error of struct fuse_out_header. */
const notifyInvalidInode = 2;
/** struct fuse_out_header and struct fuse_notify_inval_inode_out. */
export const notificationBytes = 40;

/** Writes what tells the kernel to ask for a node's attributes again; pages it keeps. */
export function writeNotification(view: DataView, node: number, generation: number): void {
  view.setUint32(0, notificationBytes, true);
  view.setInt32(4, notifyInvalidInode, true);
  view.setBigUint64(8, 0n, true); // unique: no reply to a request
  view.setUint32(16, node, true);
  view.setUint32(20, generation, true);
  view.setBigInt64(24, -1n, true); // offset: no pages
  view.setBigInt64(32, 0n, true);
}

/** What the kernel offered and this side took. */
export interface Negotiated {
  readonly minor: number;
  /**
   * Files can bypass the kernel's page cache and still be mapped shared (FUSE_DIRECT_IO_ALLOW_MMAP, Linux 6.6). On older
   * kernels reads may be answered from the kernel's cache; writes come through at once either way.
   */
  readonly directIo: boolean;
}

/** Answers undefined for a protocol that is too old or of another major version. Reads struct fuse_init_in. */
export function negotiate(init: DataView, wantDirectIo: boolean): Negotiated | undefined {
  const major = init.getUint32(0, true);
  const minor = init.getUint32(4, true);
  if (major !== 7 || minor < minorMin) return undefined;
  const extended = (init.getUint32(12, true) & initFlag.extended) !== 0;
  const directIo =
    wantDirectIo && extended && (init.getUint32(16, true) & initFlagHigh.directIoAllowMmap) !== 0;
  return { minor: Math.min(minor, minorMax), directIo };
}

/** Writes struct fuse_init_out; answers its length. `offered` is the flags word of the kernel's INIT. */
export function writeInitReply(view: DataView, at: number, offered: number, negotiated: Negotiated): number {
  const wanted =
    initFlag.atomicOpenTruncate |
    initFlag.bigWrites |
    initFlag.readdirPlus |
    initFlag.readdirPlusAutomatic |
    initFlag.parallelDirectoryOperations |
    initFlag.maxPages |
    initFlag.handleKillPrivileges |
    initFlag.extended |
    (negotiated.directIo ? 0 : initFlag.automaticInvalidation);
  for (let offset = 0; offset < initOutBytes; offset += 4) view.setUint32(at + offset, 0, true);
  view.setUint32(at, 7, true);
  view.setUint32(at + 4, negotiated.minor, true);
  view.setUint32(at + 8, writeBytesMax, true); // max_readahead
  view.setUint32(at + 12, offered & wanted, true);
  // Background requests (a RELEASE, for one) must not wait in the kernel while later requests overtake them.
  view.setUint16(at + 16, 0xffff, true); // max_background
  view.setUint16(at + 18, 0xffff, true); // congestion_threshold
  view.setUint32(at + 20, writeBytesMax, true);
  view.setUint32(at + 24, 1, true); // time_gran, nanoseconds
  view.setUint16(at + 28, writeBytesMax / kernelPageBytes, true); // max_pages
  view.setUint32(at + 32, negotiated.directIo ? initFlagHigh.directIoAllowMmap : 0, true); // flags2
  return initOutBytes;
}
