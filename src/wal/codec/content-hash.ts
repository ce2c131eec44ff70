import { WalError } from '../errors.ts';
import { hasContentHashes, hasSoundRecords } from '../record.ts';

/** BLAKE3, 32 bytes: tells that a record is the one that was appended where a CRC could be forged or met by chance. */
export type ContentHash = (bytes: Uint8Array) => Uint8Array;

export async function loadContentHash(): Promise<ContentHash> {
  try {
    return (await import('@noble/hashes/blake3.js')).blake3;
  } catch (cause) {
    throw new WalError(
      'unsupported',
      'content hashes cannot be computed: install the package @noble/hashes (npm install @noble/hashes)',
      { cause },
    );
  }
}

/** Whether all records of a body that `holdsRecords` are sound: by their CRCs, and by the content hashes that they have. */
export async function areSoundRecords(body: Uint8Array): Promise<boolean> {
  return hasSoundRecords(body, hasContentHashes(body) ? await loadContentHash() : undefined);
}
