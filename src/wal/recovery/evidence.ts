import type { Manifest } from '../manifest.ts';
import { type LogPlace, pathOf } from '../place.ts';
import type { SegmentFile } from './inventory.ts';
import type { Evidence } from './recovery-table.ts';
import { inspectRest } from './segment-rest.ts';
import type { Tail } from './tail.ts';

/** A segment file above the chain: it was made ready, or its header never became durable, or it lost it. */
export interface Stray {
  readonly file: SegmentFile;
  readonly fileBytes: number;
  readonly extentBytes: number;
  readonly promisedBytes: number;
}

export async function readStray(place: LogPlace, file: SegmentFile): Promise<Stray> {
  const handle = await place.storage.open(pathOf(place, file.identity.name), 'read');
  try {
    const fileBytes = await handle.size();
    // A valid header says enough: what follows it need not be read.
    if (file.header !== undefined) return { file, fileBytes, extentBytes: fileBytes, promisedBytes: 0 };
    return { file, fileBytes, ...(await inspectRest(handle, file.identity, 0)) };
  } finally {
    await handle.close();
  }
}

export interface Clues {
  readonly manifest: Manifest;
  readonly files: readonly SegmentFile[];
  /** undefined: the log has no segment yet. */
  readonly tail: Tail | undefined;
  readonly strays: readonly Stray[];
  readonly knownDurableLsn: number;
}

/** The evidence about the position where reading the log stopped, from all that speaks of it. */
export function gatherEvidence({ manifest, files, tail, strays, knownDurableLsn }: Clues): Evidence {
  const number = tail?.end.number ?? manifest.floor.number - 1;
  const position = tail?.end.endBytes ?? 0;
  const nextLsn = tail?.nextLsn ?? manifest.floor.lsn;
  const { published } = manifest;
  const isThere = files.some(({ identity }) => identity.number === published.number);
  const extentBytes = tail?.rest.extentBytes ?? 0;
  return {
    readFailed: tail?.fault === 'the disk cannot read it' || strays.some(({ file }) => file.unreadable),
    fileShort: tail !== undefined && tail.fileBytes < tail.header.segmentBytes,
    covered: strays.some(({ file }) => file.header !== undefined),
    published: published.number > number && !isThere,
    manifestBeyond:
      // The floor's segment was durable when it became the floor; only a new log has none.
      (tail === undefined && manifest.floor.number > 1) ||
      manifest.tail.number > number ||
      (manifest.tail.number === number && manifest.tail.bytes > position),
    knownBeyond: knownDurableLsn >= nextLsn,
    promised: (tail?.promisedBytes ?? 0) > position || strays.some(({ promisedBytes }) => promisedBytes > 0),
    tooLong: tail !== undefined && extentBytes > tail.header.unsyncedBytesMax,
    restZero: extentBytes === 0 && strays.every((stray) => stray.extentBytes === 0),
    closed:
      tail !== undefined &&
      tail.lastKind !== 'data' &&
      manifest.tail.number === number &&
      manifest.tail.bytes === position,
  };
}
