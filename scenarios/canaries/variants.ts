/**
 * The planted bugs: one each, all of them seen in real programs. `honest` has none. A scenario names a variant in its
 * `subject.options`; the code asks {@link Planted} at the very line where the bug sits.
 */
export const variants = {
  honest: 'no bug',
  'no-fsync': 'a sync does nothing',
  'no-directory-fsync': 'a new segment is synced, its name is not',
  'ack-before-fsync': 'a sync is answered first and done when the next request comes',
  'retries-failed-fsync': 'a sync that failed is tried again, and the second answer is believed',
  'no-checksum': 'a record is taken for whole because its header looks right',
  'trusts-length': "a damaged record is stepped over by its own length, instead of being the log's end",
  'appends-after-torn-tail': 'recovery appends to the segment behind whatever the crash left at its end',
  'truncates-at-damage': "the first bad record is the log's end, even where the log went on",
  'rename-before-fsync': 'a new segment gets its name before its header is on disk',
  'roll-without-sync': 'a full segment is left behind without a sync',
  'shows-unsynced': 'recovery shows what it read from the page cache without making it durable',
  'recovers-twice':
    'recovery copies the records behind the old ones, so that a second recovery may find both',
  'zero-tail-as-records': 'zeros are taken for records without data: the checksum of nothing is zero',
  'unlink-before-rename': 'recovery removes the old segment before the new one has its name',
  'splits-batches': 'a batch is written as so many records',
  'shares-sectors': 'a record is appended in the block that ends with synced records',
  'one-copy-read': 'of two copies both are written, and only the first is read',
  'trusts-stale-read': 'of two copies the first that can be read is believed, whatever the other one says',
  'ignores-read-error': 'what cannot be read is taken for the end of the file',
  'ignores-full-disk': 'a write that found no space, or only some, is taken for done',
  'hangs-on-stall': 'who waits too long for a read is not woken when it is answered',
} as const;

export type Variant = keyof typeof variants;

/** Is this the bug that was planted? */
export type Planted = (variant: Variant) => boolean;

export function isVariant(name: unknown): name is Variant {
  return typeof name === 'string' && Object.hasOwn(variants, name);
}
