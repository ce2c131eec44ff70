import type { Operation } from '../model/operation.ts';
import type { TraceEntry } from '../model/recording.ts';
import type { InodeNumber } from '../model/tree.ts';
import type { LogEntry } from './log.ts';

export interface LoggedDisk {
  readonly volume: string;
  /** Of the file that is the disk. */
  readonly inode: InodeNumber;
  /** The acknowledgement that a mark stands for; undefined for any other mark. */
  readonly acknowledgement: (mark: string) => string | undefined;
}

/**
 * The trace that the block layer would have made. A flush comes before the write that carries it, what FUA asks for after it
 * (Documentation/block/writeback_cache_control.rst): at that place of the log all that stands before is durable already.
 */
export function traceOf(entries: readonly LogEntry[], disk: LoggedDisk): TraceEntry[] {
  return entries.flatMap((entry): TraceEntry[] => {
    if (entry.flags.has('mark')) {
      const text = disk.acknowledgement(entry.mark);
      return text === undefined ? [] : [{ kind: 'acknowledgement', text }];
    }
    return operationsOf(entry, disk.inode).map((operation) => ({
      kind: 'operation',
      volume: disk.volume,
      operation,
    }));
  });
}

function operationsOf({ offset, length, data, flags }: LogEntry, inode: InodeNumber): Operation[] {
  const barrier: Operation = { kind: 'sync', inode, cause: 'fsync' };
  const change: Operation = flags.has('discard')
    ? { kind: 'allocate', inode, mode: 'punch', offset, length, keepSize: true }
    : { kind: 'write', inode, offset, data };
  return [
    ...(flags.has('flush') ? [barrier] : []),
    ...(length > 0 ? [change] : []),
    ...(flags.has('fua') ? [barrier] : []),
  ];
}
