import type { FileInode, Inode, InodeNumber, Timestamp } from '../model/tree.ts';
import type { DiskState } from './disk-state.ts';
import { PosixError } from './posix-error.ts';

const setUserId = 0o4000;
const setGroupId = 0o2000;
const groupExecute = 0o010;
const capabilities = 'security.capability';
const namespaces = ['user.', 'trusted.', 'security.'];

export interface MetaChange {
  /** Permission bits. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** The calls that work on an inode's attributes: stat, chmod, chown, utimens, xattrs. */
export class Attributes {
  readonly #disk: DiskState;

  constructor(disk: DiskState) {
    this.#disk = disk;
  }

  inode(number: InodeNumber): Inode {
    return this.#disk.inode(number);
  }

  /** st_nlink; a directory counts its own `.` and the `..` of those in it. */
  linkCount(number: InodeNumber): number {
    const { links, subdirectories } = this.#disk.state(number);
    return links > 0 && this.#disk.inode(number).kind === 'directory' ? links + 1 + subdirectories : links;
  }

  /** chmod, chown. A change of owner clears the set-uid and set-gid bits of what is no directory, as Linux does. */
  change(number: InodeNumber, change: MetaChange): void {
    const inode = this.#disk.inode(number);
    const chown = change.uid !== undefined || change.gid !== undefined;
    let mode = change.mode;
    if (chown && inode.kind !== 'directory') {
      const kept = withoutSetId(mode ?? inode.mode);
      if (kept !== (mode ?? inode.mode)) mode = kept;
      clearPrivileges(this.#disk, inode, 'capabilities');
    }
    const { uid, gid } = change;
    this.#disk.issue(this.#disk.state(number).volume, {
      kind: 'set-meta',
      inode: number,
      ...(mode === undefined ? {} : { mode }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    inode.ctime = this.#disk.now();
  }

  /** A write or truncate by a caller without CAP_FSETID: the set-uid and set-gid bits go. */
  dropPrivileges(number: InodeNumber): void {
    clearPrivileges(this.#disk, this.#disk.inode(number), 'all');
  }

  /** Times are not effects: nothing is recorded. */
  setTimes(number: InodeNumber, times: { readonly atime?: Timestamp; readonly mtime?: Timestamp }): void {
    const inode = this.#disk.inode(number);
    if (times.atime !== undefined) inode.atime = times.atime;
    if (times.mtime !== undefined) inode.mtime = times.mtime;
    inode.ctime = this.#disk.now();
  }

  xattr(number: InodeNumber, name: string): Uint8Array {
    checkNamespace(name);
    const value = this.#disk.inode(number).xattrs.get(name);
    if (value === undefined) throw new PosixError('ENODATA', `inode ${number} has no attribute ${name}`);
    return value;
  }

  xattrNames(number: InodeNumber): readonly string[] {
    return [...this.#disk.inode(number).xattrs.keys()];
  }

  /** `mode`: XATTR_CREATE wants the name new, XATTR_REPLACE wants it there. `value` is handed over. */
  setXattr(number: InodeNumber, name: string, value: Uint8Array, mode?: 'create' | 'replace'): void {
    checkNamespace(name);
    const inode = this.#disk.inode(number);
    if (mode === 'create' && inode.xattrs.has(name)) {
      throw new PosixError('EEXIST', `inode ${number} has an attribute ${name}`);
    }
    if (mode === 'replace') this.xattr(number, name);
    this.#setXattr(inode, name, value);
  }

  removeXattr(number: InodeNumber, name: string): void {
    this.xattr(number, name);
    this.#setXattr(this.#disk.inode(number), name, null);
  }

  #setXattr(inode: Inode, name: string, value: Uint8Array | null): void {
    const { volume } = this.#disk.state(inode.number);
    this.#disk.issue(volume, { kind: 'set-xattr', inode: inode.number, name, value });
    inode.ctime = this.#disk.now();
  }
}

/** Changing a file takes from it what made it trusted: its capabilities always, its set-id bits if `what` is `all`. */
export function clearPrivileges(
  disk: DiskState,
  inode: Inode | FileInode,
  what: 'all' | 'capabilities',
): void {
  if (inode.xattrs.size > 0 && inode.xattrs.has(capabilities)) {
    const { volume } = disk.state(inode.number);
    disk.issue(volume, { kind: 'set-xattr', inode: inode.number, name: capabilities, value: null });
  }
  if (what === 'capabilities' || inode.kind === 'directory') return;
  const mode = withoutSetId(inode.mode);
  if (mode === inode.mode) return;
  disk.issue(disk.state(inode.number).volume, { kind: 'set-meta', inode: inode.number, mode });
}

/** A set-gid bit without group execution means mandatory locking, not privilege: it stays. */
function withoutSetId(mode: number): number {
  const group = (mode & groupExecute) === 0 ? 0 : setGroupId;
  return mode & ~(setUserId | group);
}

function checkNamespace(name: string): void {
  const prefix = namespaces.find((start) => name.startsWith(start));
  if (prefix === undefined) {
    throw new PosixError('EOPNOTSUPP', `attributes start with ${namespaces.join(', ')}: ${name}`);
  }
  if (name === prefix) throw new PosixError('EINVAL', `an attribute has a name behind ${prefix}`);
}
