import { applyOperation } from '../model/apply.ts';
import type { Operation } from '../model/operation.ts';
import type { Recording } from '../model/recording.ts';
import { cloneTree } from '../model/tree.ts';
import { durableVersions } from './durable-versions.ts';
import { Medium } from './medium.ts';

/**
 * The medium under the page cache that a recording leaves: a machine that goes on still has the faults of its past. Undefined where
 * the two hold the same.
 */
export function mediumAfter({ base, trace }: Recording): Medium | undefined {
  if (!trace.some((entry) => entry.kind === 'operation' && partsFromCache(entry.operation))) return undefined;
  const tree = cloneTree(base);
  const medium = new Medium();
  for (const [index, entry] of trace.entries()) {
    if (entry.kind !== 'operation') continue;
    const { operation } = entry;
    const file = 'inode' in operation ? tree.inodes.get(operation.inode) : undefined;
    if (file?.kind === 'file' && operation.kind === 'write' && operation.lost === true)
      medium.keep(file, operation.offset, operation.data.length);
    if (file?.kind === 'file' && operation.kind === 'sync' && operation.failed === true) {
      const durable = durableVersions({ base, trace: trace.slice(0, index) }, file.number).at(-1);
      if (durable !== undefined) medium.keepAll(file, durable);
    }
    applyOperation(tree, operation);
    medium.follow(operation);
  }
  return medium;
}

function partsFromCache(operation: Operation): boolean {
  return (
    operation.kind === 'medium' ||
    (operation.kind === 'write' && operation.lost === true) ||
    (operation.kind === 'sync' && operation.failed === true)
  );
}
