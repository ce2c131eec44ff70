import type { Inode, InodeKind, InodeNumber } from '../model/tree.ts';
import { type DiskState, touch } from './disk-state.ts';
import { checkName, checkNameLength, linksMax, symlinkBytesMax } from './limits.ts';
import { PosixError } from './posix-error.ts';

export interface NewInode {
  readonly kind: InodeKind;
  /** Permission bits, the umask applied already. */
  readonly mode: number;
  /** Symlinks. */
  readonly target?: string;
  /** Device nodes. */
  readonly device?: number;
}

export interface RenameFlags {
  /** RENAME_NOREPLACE: the new name must be free. */
  readonly noReplace?: boolean;
  /** RENAME_EXCHANGE: the two names swap what they stand for. */
  readonly exchange?: boolean;
}

/** The calls that work on names: lookup, create, mkdir, symlink, mknod, link, unlink, rmdir, rename. */
export class Names {
  readonly #disk: DiskState;

  constructor(disk: DiskState) {
    this.#disk = disk;
  }

  /** What `name` stands for in a directory, or undefined. `.` and `..` are the caller's business. */
  find(parent: InodeNumber, name: string): Inode | undefined {
    const number = this.#disk.directory(parent).entries.get(name);
    if (number === undefined) checkNameLength(name);
    return number === undefined ? undefined : this.#disk.inode(number);
  }

  /** As {@link Names.find}; a missing name is ENOENT. */
  lookup(parent: InodeNumber, name: string): Inode {
    const inode = this.find(parent, name);
    if (inode === undefined) throw new PosixError('ENOENT', `directory ${parent} has no entry ${name}`);
    return inode;
  }

  /** Walks `a/b/c` down from the root of a volume, '' is the root. Symlinks are not followed. */
  resolve(volume: string, path: string): Inode {
    const root = this.#disk.tree.roots.get(volume);
    if (root === undefined) throw new PosixError('ENOENT', `there is no volume ${volume}`);
    let inode = this.#disk.inode(root);
    for (const name of path.split('/')) {
      if (name !== '') inode = this.lookup(inode.number, name);
    }
    return inode;
  }

  /** Where a directory is; a root is in itself. */
  parent(directory: InodeNumber): InodeNumber {
    return this.#disk.state(directory).parent;
  }

  entries(parent: InodeNumber): ReadonlyMap<string, InodeNumber> {
    return this.#disk.directory(parent).entries;
  }

  /** create, mkdir, symlink, mknod. The new inode belongs to the caller, or to the directory's group if that has the set-gid bit. */
  create(parent: InodeNumber, name: string, seed: NewInode): Inode {
    const directory = this.#disk.directory(parent);
    this.#checkFree(parent, name);
    if (seed.target !== undefined && Buffer.byteLength(seed.target) > symlinkBytesMax) {
      throw new PosixError('ENAMETOOLONG', `a symlink's target has at most ${symlinkBytesMax} bytes`);
    }
    const inode = this.#make(parent, seed, { parent, name });
    const state = this.#disk.state(parent);
    this.#disk.state(inode.number).links = 1;
    if (seed.kind === 'directory') state.subdirectories++;
    touch(directory, inode.mtime);
    return inode;
  }

  /** O_TMPFILE: a file without a name, on the volume of `parent`. `hold` it or it is gone. `linkable`: {@link Names.link} may name it. */
  createUnnamed(parent: InodeNumber, mode: number, linkable: boolean): Inode {
    this.#disk.directory(parent);
    const inode = this.#make(parent, { kind: 'file', mode });
    this.#disk.state(inode.number).linkable = linkable;
    return inode;
  }

  link(number: InodeNumber, parent: InodeNumber, name: string): Inode {
    const inode = this.#disk.inode(number);
    const state = this.#disk.state(number);
    const directory = this.#disk.directory(parent);
    if (inode.kind === 'directory') throw new PosixError('EPERM', 'a directory has one name only');
    this.#checkSameVolume(number, parent);
    this.#checkFree(parent, name);
    if (state.links === 0 && !state.linkable) throw new PosixError('ENOENT', `inode ${number} is unlinked`);
    if (state.links >= linksMax) throw new PosixError('EMLINK', `a file has at most ${linksMax} names`);
    this.#disk.issue(state.volume, { kind: 'link', parent, name, inode: number });
    state.links++;
    const now = this.#disk.now();
    inode.ctime = now;
    touch(directory, now);
    return inode;
  }

  unlink(parent: InodeNumber, name: string): void {
    const inode = this.lookup(parent, name);
    if (inode.kind === 'directory') throw new PosixError('EISDIR', `${name} is a directory`);
    this.#remove(parent, name, inode);
  }

  removeDirectory(parent: InodeNumber, name: string): void {
    const inode = this.lookup(parent, name);
    if (inode.kind !== 'directory') throw new PosixError('ENOTDIR', `${name} is a ${inode.kind}`);
    if (inode.entries.size > 0) throw new PosixError('ENOTEMPTY', `${name} has entries`);
    this.#remove(parent, name, inode);
    this.#disk.state(parent).subdirectories--;
  }

  /** rename(2), renameat2(2). Both names standing for one inode already is a success that changes nothing. */
  rename(
    fromParent: InodeNumber,
    fromName: string,
    toParent: InodeNumber,
    toName: string,
    { noReplace = false, exchange = false }: RenameFlags = {},
  ): void {
    if (noReplace && exchange)
      throw new PosixError('EINVAL', 'RENAME_NOREPLACE and RENAME_EXCHANGE exclude each other');
    const inode = this.lookup(fromParent, fromName);
    this.#checkSameVolume(fromParent, toParent);
    const replaced = this.find(toParent, toName);
    if (replaced === undefined) {
      if (exchange) throw new PosixError('ENOENT', `directory ${toParent} has no entry ${toName}`);
      this.#checkFree(toParent, toName);
    } else {
      if (noReplace) throw new PosixError('EEXIST', `${toName} exists`);
      if (replaced === inode) return;
      if (!exchange) checkReplaceable(inode, replaced, toName);
    }
    this.#checkNotInside(inode, toParent);
    if (exchange && replaced !== undefined) this.#checkNotInside(replaced, fromParent);
    this.#disk.issue(this.#disk.state(fromParent).volume, {
      kind: 'rename',
      fromParent,
      fromName,
      toParent,
      toName,
      inode: inode.number,
      ...(replaced === undefined ? {} : { replaced: replaced.number }),
      exchange,
    });
    this.#moved(inode, fromParent, toParent);
    if (replaced !== undefined) {
      if (exchange) this.#moved(replaced, toParent, fromParent);
      else this.#unlinked(replaced, toParent);
    }
    this.#touchRenamed(inode, exchange ? replaced : undefined, fromParent, toParent);
  }

  #make(
    near: InodeNumber,
    seed: NewInode,
    link?: { readonly parent: InodeNumber; readonly name: string },
  ): Inode {
    const { caller } = this.#disk;
    const directory = this.#disk.directory(near);
    const inherits = (directory.mode & 0o2000) !== 0;
    const { volume } = this.#disk.state(near);
    const number = this.#disk.takeInodeNumber();
    this.#disk.issue(volume, {
      kind: 'create',
      inode: number,
      inodeKind: seed.kind,
      ...(link === undefined ? {} : { link }),
      mode: inherits && seed.kind === 'directory' ? seed.mode | 0o2000 : seed.mode,
      uid: caller.uid,
      gid: inherits ? directory.gid : caller.gid,
      ...(seed.target === undefined ? {} : { target: seed.target }),
      ...(seed.device === undefined ? {} : { device: seed.device }),
    });
    this.#disk.addState(number, volume, near);
    const inode = this.#disk.inode(number);
    const now = this.#disk.now();
    touch(inode, now);
    inode.atime = now;
    return inode;
  }

  #remove(parent: InodeNumber, name: string, inode: Inode): void {
    this.#disk.issue(this.#disk.state(parent).volume, { kind: 'unlink', parent, name, inode: inode.number });
    const now = this.#disk.now();
    inode.ctime = now;
    touch(this.#disk.directory(parent), now);
    const state = this.#disk.state(inode.number);
    state.links--;
    this.#disk.dropUnreachable(inode.number);
  }

  #moved(inode: Inode, from: InodeNumber, to: InodeNumber): void {
    if (inode.kind !== 'directory') return;
    this.#disk.state(from).subdirectories--;
    this.#disk.state(to).subdirectories++;
    this.#disk.state(inode.number).parent = to;
  }

  #unlinked(inode: Inode, parent: InodeNumber): void {
    inode.ctime = this.#disk.now();
    if (inode.kind === 'directory') this.#disk.state(parent).subdirectories--;
    this.#disk.state(inode.number).links--;
    this.#disk.dropUnreachable(inode.number);
  }

  #touchRenamed(inode: Inode, other: Inode | undefined, from: InodeNumber, to: InodeNumber): void {
    const now = this.#disk.now();
    inode.ctime = now;
    if (other !== undefined) other.ctime = now;
    touch(this.#disk.directory(from), now);
    touch(this.#disk.directory(to), now);
  }

  /** A new name: valid, not taken, in a directory that was not removed. */
  #checkFree(parent: InodeNumber, name: string): void {
    checkName(name);
    if (this.#disk.directory(parent).entries.has(name)) throw new PosixError('EEXIST', `${name} exists`);
    if (this.#disk.state(parent).links === 0)
      throw new PosixError('ENOENT', `directory ${parent} was removed`);
  }

  #checkSameVolume(a: InodeNumber, b: InodeNumber): void {
    const [volumeA, volumeB] = [this.#disk.state(a).volume, this.#disk.state(b).volume];
    if (volumeA !== volumeB) throw new PosixError('EXDEV', `${volumeA} and ${volumeB} are different volumes`);
  }

  #checkNotInside(inode: Inode, target: InodeNumber): void {
    if (inode.kind !== 'directory') return;
    for (let at = target; ; ) {
      if (at === inode.number) throw new PosixError('EINVAL', 'a directory cannot move into itself');
      const { parent } = this.#disk.state(at);
      if (parent === at) return;
      at = parent;
    }
  }
}

function checkReplaceable(inode: Inode, replaced: Inode, name: string): void {
  if (inode.kind !== 'directory') {
    if (replaced.kind === 'directory') throw new PosixError('EISDIR', `${name} is a directory`);
    return;
  }
  if (replaced.kind !== 'directory') throw new PosixError('ENOTDIR', `${name} is a ${replaced.kind}`);
  if (replaced.entries.size > 0) throw new PosixError('ENOTEMPTY', `${name} has entries`);
}
