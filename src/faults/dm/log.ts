/**
 * The log of dm-log-writes: Documentation/admin-guide/device-mapper/log-writes.rst and drivers/md/dm-log-writes.c of the
 * kernel. Its first sector is a header, then come entries: a sector that says what was asked, and the sectors that were
 * written. All numbers are little-endian, and count in sectors of the size that the header names.
 *
 *     header: magic u64 | version u64 | entries u64 | bytes of a sector u32
 *     entry:  sector u64 | sectors u64 | flags u64 | bytes of the mark u64 | mark
 *
 * The order is not that of the requests: a write is put down once a flush covers it, just before that flush; a write with FUA and a
 * mark at once. So whatever stands before a flush is covered by it, and nothing else is.
 */
export interface LogEntry {
  /** Where, in bytes from the start of the disk. */
  readonly offset: number;
  /** How many bytes; 0 for a flush alone, and for a mark. */
  readonly length: number;
  /** What was written there; empty for a discard. */
  readonly data: Uint8Array;
  readonly flags: ReadonlySet<LogFlag>;
  readonly mark: string;
}

export type LogFlag = 'flush' | 'fua' | 'discard' | 'mark' | 'metadata';

/** From the lowest bit on. */
const flagNames: readonly LogFlag[] = ['flush', 'fua', 'discard', 'mark', 'metadata'];

/** `fhsgwsj\0`, read as a number. */
const magic = 0x6a736677736872n;
const version = 1n;
const headerBytes = 28;
const entryBytes = 32;
const endMark = 'dm-log-writes-end';

/**
 * Reads the log of a device that is gone. `read(offset, length)` answers bytes of it, fewer at its end. Throws where it is no
 * such log, or where its end is not there: the kernel stops logging, and says nothing, once the log's device is full.
 */
export function parseLog(read: (offset: number, length: number) => Uint8Array): LogEntry[] {
  const header = bytesAt(read, 0, headerBytes);
  if (header.readBigUInt64LE(0) !== magic || header.readBigUInt64LE(8) !== version)
    throw new Error('this is no log of dm-log-writes, version 1: its first bytes are others');
  const count = Number(header.readBigUInt64LE(16));
  const sectorBytes = header.readUInt32LE(24);
  const entries: LogEntry[] = [];
  for (let at = sectorBytes; entries.length < count; ) {
    const entry = entryAt(read, at, sectorBytes);
    entries.push(entry);
    at += sectorBytes + entry.data.length;
  }
  if (entries.at(-1)?.mark !== endMark)
    throw new Error(`the log of dm-log-writes has no end after ${count} entries: its device was full`);
  return entries.slice(0, -1);
}

function entryAt(
  read: (offset: number, length: number) => Uint8Array,
  at: number,
  sectorBytes: number,
): LogEntry {
  const head = bytesAt(read, at, sectorBytes);
  const [sector = 0, sectors = 0, bits = 0, markBytes = 0] = [0, 8, 16, 24].map((field) =>
    Number(head.readBigUInt64LE(field)),
  );
  const flags = new Set(flagNames.filter((_, bit) => ((bits >> bit) & 1) === 1));
  const length = sectors * sectorBytes;
  const isDiscard = flags.has('discard');
  return {
    offset: sector * sectorBytes,
    length,
    data: isDiscard ? new Uint8Array() : bytesAt(read, at + sectorBytes, length),
    flags,
    mark: head.toString('utf8', entryBytes, entryBytes + markBytes),
  };
}

function bytesAt(read: (offset: number, length: number) => Uint8Array, at: number, length: number): Buffer {
  const bytes = read(at, length);
  if (bytes.length < length)
    throw new Error(
      `the log of dm-log-writes is cut off: ${length} bytes expected at ${at}, ${bytes.length} there`,
    );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
