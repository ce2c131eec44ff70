import { decodeBatchHeader } from '../batch.ts';
import { blockBytesMin, roundUp, type SegmentIdentity } from '../format.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import type { StorageFile } from '../storage.ts';

/** What lies behind a position in a segment file: the evidence for judging it. */
export interface SegmentRest {
  /**
   * From the position to behind the last byte that is not zero, or that cannot be read. 0: the rest is zero. Of two copies the
   * lesser: what is damaged in one alone is nothing that was in flight.
   */
  readonly extentBytes: number;
  /** The highest `durableBytes` that a batch header of this segment, valid in itself, promises there. */
  readonly promisedBytes: number;
}

const chunkBytes = 256 * 1024;
const zeros = Buffer.alloc(chunkBytes);

/** Looks at all bytes from `position` to the end of the file, in each copy: a promise counts wherever it stands. */
export async function inspectRest(
  file: StorageFile,
  identity: SegmentIdentity,
  position: number,
): Promise<SegmentRest> {
  const { copies } = file;
  if (copies === undefined) return inspectCopy(file, identity, position);
  const rests = await Promise.all(copies.map((copy) => inspectCopy(copy, identity, position)));
  return {
    extentBytes: Math.min(...rests.map(({ extentBytes }) => extentBytes)),
    promisedBytes: Math.max(...rests.map(({ promisedBytes }) => promisedBytes)),
  };
}

async function inspectCopy(
  file: StorageFile,
  identity: SegmentIdentity,
  position: number,
): Promise<SegmentRest> {
  const fileBytes = await file.size();
  let extentEnd = position;
  let promisedBytes = 0;
  for (let at = position; at < fileBytes; at += chunkBytes) {
    const length = Math.min(chunkBytes, fileBytes - at);
    const chunk = await readOrFail(file, at, length);
    if (chunk === undefined) {
      extentEnd = at + length;
      continue;
    }
    const end = endOfContent(chunk);
    if (end === 0) continue;
    extentEnd = at + end;
    // A header may end in zeros: its block counts as a whole.
    const content = chunk.subarray(0, roundUp(end, blockBytesMin));
    promisedBytes = Math.max(promisedBytes, highestPromise(content, identity));
  }
  return { extentBytes: extentEnd - position, promisedBytes };
}

/** Behind the last byte that is not zero. */
function endOfContent(chunk: Uint8Array): number {
  for (let end = chunk.length; end > 0; end -= blockBytesMin) {
    const from = Math.max(0, end - blockBytesMin);
    if (zeros.compare(chunk, from, end, 0, end - from) === 0) continue;
    let last = end;
    while (chunk[last - 1] === 0) last--;
    return last;
  }
  return 0;
}

/** Every block size is a multiple of the smallest, so every header that is there is seen. */
function highestPromise(chunk: Uint8Array, identity: SegmentIdentity): number {
  let highest = 0;
  for (let offset = 0; offset < chunk.length; offset += blockBytesMin) {
    highest = Math.max(highest, decodeBatchHeader(chunk, offset, identity)?.durableBytes ?? 0);
  }
  return highest;
}
