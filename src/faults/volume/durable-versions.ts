import { applyOperation } from '../model/apply.ts';
import { type Content, cloneContent, readContent } from '../model/content.ts';
import type { Operation } from '../model/operation.ts';
import type { Recording } from '../model/recording.ts';
import { cloneInode, createInode, type InodeNumber, type Tree } from '../model/tree.ts';

/**
 * What each barrier that worked has made durable of a file, oldest first; the first is what the recording began with (an
 * empty file, if it was made since).
 */
export function durableVersions({ base, trace }: Recording, number: InodeNumber): Content[] {
  const began = base.inodes.get(number);
  const inode =
    began === undefined ? createInode({ number, kind: 'file', mode: 0, uid: 0, gid: 0 }) : cloneInode(began);
  if (inode.kind !== 'file') return [];
  const alone: Tree = { inodes: new Map([[number, inode]]), roots: new Map() };
  const versions = [cloneContent(inode.content)];
  for (const entry of trace) {
    if (entry.kind !== 'operation') continue;
    const { operation } = entry;
    if (!('inode' in operation) || operation.inode !== number) continue;
    if (operation.kind === 'sync') {
      const isMissing = operation.failed === true || operation.lost === true || operation.leftOut === true;
      if (!isMissing) versions.push(cloneContent(inode.content));
    } else if (operation.kind === 'medium') applyOperation(alone, { ...operation, shown: true });
    else if (changesContent(operation)) applyOperation(alone, operation);
  }
  return versions;
}

/** What the durable versions had at `offset`, other than `now` and each other, oldest first; zeros beyond their ends. */
export function olderBytes(
  recording: Recording,
  number: InodeNumber,
  offset: number,
  now: Uint8Array,
): Uint8Array[] {
  const older: Uint8Array[] = [];
  for (const version of durableVersions(recording, number)) {
    const bytes = new Uint8Array(now.length);
    bytes.set(readContent(version, offset, now.length));
    const isNew = [now, ...older].every((other) => Buffer.compare(other, bytes) !== 0);
    if (isNew) older.push(bytes);
  }
  return older;
}

function changesContent(operation: Operation): boolean {
  if (operation.kind === 'write') return operation.lost !== true;
  return operation.kind === 'truncate' || operation.kind === 'allocate';
}
