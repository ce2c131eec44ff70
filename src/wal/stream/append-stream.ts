import type { AppendStreamOptions } from '../calls.ts';
import { checkBytes, checkType, draftPut } from '../entry.ts';
import { WalError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { draftBytes, encodedRecordBytes, type RecordDraft, recordTypes } from '../record.ts';

/** What a stream is read from: chunks of any length. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const partBytesMax = 256 * 1024;
const nothing = new Uint8Array(0);

/** What the parts of a stream have in common: the kind of record, and how much of the value each but the last takes. */
export interface StreamForm {
  readonly draft: RecordDraft;
  readonly partBytes: number;
}

/** Throws `invalid`, or `too-large` if no part with that key fits a batch. */
export function streamForm(
  { type, key }: AppendStreamOptions,
  { batchBytesMax, contentHash, now }: Pick<Settings, 'batchBytesMax' | 'contentHash' | 'now'>,
): StreamForm {
  if (type !== undefined && key !== undefined)
    throw new WalError('invalid', `a stream has a key or a type (${type}), not both: with a key it is a put`);
  const draft =
    key === undefined
      ? draftBytes(nothing, checkType(type ?? recordTypes.bytes))
      : draftPut(key, nothing, now());
  const part = { ...draft, part: { from: undefined, isLast: true } };
  const roomBytes = batchBytesMax - encodedRecordBytes(part, contentHash);
  if (roomBytes > 0) return { draft, partBytes: Math.min(roomBytes, partBytesMax) };
  throw new WalError(
    'too-large',
    `no part of a stream with this key is shorter than batchBytesMax, ${batchBytesMax}`,
  );
}

/**
 * Appends a source in parts, one after the other; answers the LSN of the last. Holds one part in memory, which is used again once
 * `append` has settled.
 */
export async function appendStream(
  source: ByteSource,
  { draft, partBytes }: StreamForm,
  append: (part: RecordDraft) => Promise<number>,
): Promise<number> {
  const buffer = new Uint8Array(partBytes);
  let filled = 0;
  let from: number | undefined;
  const put = async (isLast: boolean) => {
    const lsn = await append({ ...draft, value: buffer.subarray(0, filled), part: { from, isLast } });
    from ??= lsn;
    filled = 0;
    return lsn;
  };
  for await (const chunk of source) {
    const bytes = checkBytes(chunk);
    for (let at = 0; at < bytes.length; ) {
      // Only what follows shows that a part is not the last.
      if (filled === partBytes) await put(false);
      const taken = bytes.subarray(at, at + partBytes - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  }
  return put(true);
}
