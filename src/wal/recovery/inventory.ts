import { WalError } from '../errors.ts';
import {
  decodeSegmentHeader,
  identify,
  parseSegmentName,
  type SegmentHeader,
  type SegmentIdentity,
  segmentHeaderBytes,
} from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { readOrFail } from '../read/batch-cursor.ts';

/** A segment file as its header shows it. */
export interface SegmentFile {
  readonly identity: SegmentIdentity;
  /** undefined: it has no valid header. */
  readonly header: SegmentHeader | undefined;
  /** The disk could not read the header. */
  readonly unreadable: boolean;
}

/** Every segment file of the directory, by rising number. Throws `unsupported` for one of a later version. */
export async function readInventory(
  place: LogPlace,
  names: readonly string[],
  logId: Uint8Array,
): Promise<SegmentFile[]> {
  const files: SegmentFile[] = [];
  for (const name of names) {
    const parsed = parseSegmentName(name);
    if (parsed !== undefined)
      files.push(await readSegmentFile(place, logId, identify(logId, parsed.number, parsed.epoch)));
  }
  return files.sort((left, right) => left.identity.number - right.identity.number);
}

async function readSegmentFile(
  place: LogPlace,
  logId: Uint8Array,
  identity: SegmentIdentity,
): Promise<SegmentFile> {
  const file = await place.storage.open(pathOf(place, identity.name), 'read');
  try {
    let unreadable = true;
    for (const copy of file.copies ?? [file]) {
      const bytes = await readOrFail(copy, 0, segmentHeaderBytes);
      if (bytes === undefined) continue;
      unreadable = false;
      const header = decodeSegmentHeader(bytes, logId, identity);
      if (header === 'unsupported')
        throw new WalError(
          'unsupported',
          `${pathOf(place, identity.name)} was written by a later version of this log: use that version`,
        );
      if (typeof header !== 'string') return { identity, header, unreadable };
    }
    return { identity, header: undefined, unreadable };
  } finally {
    await file.close();
  }
}
