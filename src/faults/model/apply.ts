import { storeBytes, truncateContent, writeContent, zeroContent } from './content.ts';
import type {
  AllocateOperation,
  CreateOperation,
  MediumOperation,
  Operation,
  RenameOperation,
} from './operation.ts';
import { createInode, type DirectoryInode, type FileInode, type InodeNumber, type Tree } from './tree.ts';

/**
 * Applies one operation to a live tree, as the page cache would show it. The operation must be legal there (the
 * layer that issues operations checks names, kinds and permissions first): an impossible one throws, since the
 * recording is then damaged. Times are left to the caller.
 */
export function applyOperation(tree: Tree, operation: Operation): void {
  switch (operation.kind) {
    case 'create':
      applyCreate(tree, operation);
      return;
    case 'link':
      directory(tree, operation.parent).entries.set(operation.name, operation.inode);
      return;
    case 'unlink':
      directory(tree, operation.parent).entries.delete(operation.name);
      return;
    case 'rename':
      applyRename(tree, operation);
      return;
    case 'write':
      writeContent(file(tree, operation.inode).content, operation.offset, operation.data);
      return;
    case 'truncate':
      truncateContent(file(tree, operation.inode).content, operation.size);
      return;
    case 'allocate':
      applyAllocate(tree, operation);
      return;
    case 'set-meta': {
      const inode = known(tree, operation.inode);
      if (operation.mode !== undefined) inode.mode = operation.mode;
      if (operation.uid !== undefined) inode.uid = operation.uid;
      if (operation.gid !== undefined) inode.gid = operation.gid;
      return;
    }
    case 'set-xattr': {
      const { xattrs } = known(tree, operation.inode);
      if (operation.value === null) xattrs.delete(operation.name);
      else xattrs.set(operation.name, operation.value);
      return;
    }
    case 'medium':
      applyMedium(tree, operation);
      return;
    case 'sync':
    case 'close':
      return;
  }
}

function applyCreate(tree: Tree, operation: CreateOperation): void {
  const { inode: number, inodeKind: kind, link, ...rest } = operation;
  tree.inodes.set(number, createInode({ number, ...rest, kind }));
  if (link !== undefined) directory(tree, link.parent).entries.set(link.name, number);
}

function applyRename(tree: Tree, operation: RenameOperation): void {
  const from = directory(tree, operation.fromParent).entries;
  const to = directory(tree, operation.toParent).entries;
  if (operation.exchange && operation.replaced !== undefined)
    from.set(operation.fromName, operation.replaced);
  else from.delete(operation.fromName);
  to.set(operation.toName, operation.inode);
}

function applyAllocate(tree: Tree, operation: AllocateOperation): void {
  const { content } = file(tree, operation.inode);
  const end = operation.offset + operation.length;
  if (operation.mode !== 'reserve') zeroContent(content, operation.offset, end);
  if (!operation.keepSize && end > content.size) content.size = end;
}

function applyMedium(tree: Tree, operation: MediumOperation): void {
  const { content } = file(tree, operation.inode);
  if (!operation.shown) return;
  storeBytes(content, operation.offset, operation.data);
  if (operation.size !== undefined) truncateContent(content, operation.size);
}

function known(tree: Tree, number: InodeNumber) {
  const inode = tree.inodes.get(number);
  if (inode === undefined) throw new Error(`the recording is damaged: there is no inode ${number}`);
  return inode;
}

function directory(tree: Tree, number: InodeNumber): DirectoryInode {
  const inode = known(tree, number);
  if (inode.kind !== 'directory')
    throw new Error(`the recording is damaged: inode ${number} is a ${inode.kind}`);
  return inode;
}

function file(tree: Tree, number: InodeNumber): FileInode {
  const inode = known(tree, number);
  if (inode.kind !== 'file') throw new Error(`the recording is damaged: inode ${number} is a ${inode.kind}`);
  return inode;
}
