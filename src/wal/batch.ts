import { crc32c } from './crc32c.ts';
import {
  batchHeaderBytes,
  type CodecName,
  indexEntryBytes,
  putU64,
  type SegmentIdentity,
  takeU64,
  viewOf,
} from './format.ts';
import { holdsRecords } from './record.ts';

/** docs/wal-format.md section 3.2. */
const batchMagic = 0x31626370; // 'pcb1'

export type BatchKind = 'data' | 'seal' | 'clean-end';
const flagCompressed = 1;
const kindCodes = { data: 1, seal: 2, 'clean-end': 3 } as const;
const kindNames: readonly (BatchKind | undefined)[] = [undefined, 'data', 'seal', 'clean-end'];

export interface BatchHeader {
  readonly kind: BatchKind;
  readonly recordCount: number;
  readonly position: number;
  readonly firstLsn: number;
  readonly durableLsn: number;
  readonly durableBytes: number;
  /** Length of the body as it is stored, and raw: equal unless `isCompressed`. */
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly isCompressed: boolean;
  /** Of the stored body. */
  readonly bodyCrc: number;
  readonly chain: number;
  readonly blocks: number;
  readonly issuedAtMs: number;
  /** Its own header CRC: the chain of the next batch. */
  readonly crc: number;
}

export interface Batch {
  readonly header: BatchHeader;
  /** Raw. */
  readonly body: Uint8Array;
}

/** What a batch must fit to: all that stands before it. */
export interface BatchPlace {
  readonly position: number;
  readonly nextLsn: number;
  readonly chain: number;
}

export type BatchFault =
  | 'no batch header'
  | 'wrong position'
  | 'wrong LSN'
  | 'broken chain'
  | 'wrong length'
  | 'damaged body'
  | 'damaged records';

/** Fills bytes `offset` to `offset + batchHeaderBytes`, and answers the header's CRC. */
export function encodeBatchHeader(
  target: Uint8Array,
  offset: number,
  identity: SegmentIdentity,
  header: Omit<BatchHeader, 'crc'>,
): number {
  const view = viewOf(target);
  view.setUint32(offset, batchMagic, true);
  view.setUint16(offset + 8, kindCodes[header.kind], true);
  view.setUint16(offset + 10, header.isCompressed ? flagCompressed : 0, true);
  view.setUint32(offset + 12, header.recordCount, true);
  putU64(view, offset + 16, header.position);
  putU64(view, offset + 24, identity.epoch);
  putU64(view, offset + 32, header.firstLsn);
  putU64(view, offset + 40, header.durableLsn);
  putU64(view, offset + 48, header.durableBytes);
  view.setUint32(offset + 56, header.storedBytes, true);
  view.setUint32(offset + 60, header.rawBytes, true);
  view.setUint32(offset + 64, header.bodyCrc, true);
  view.setUint32(offset + 68, header.chain, true);
  view.setUint32(offset + 72, header.blocks, true);
  view.setUint32(offset + 76, 0, true);
  putU64(view, offset + 80, header.issuedAtMs);
  const crc = crc32c(target.subarray(offset + 8, offset + batchHeaderBytes), identity.seed);
  view.setUint32(offset + 4, crc, true);
  return crc;
}

/** The header at `offset` if one of this segment is there, wherever it belongs. */
export function decodeBatchHeader(
  bytes: Uint8Array,
  offset: number,
  identity: SegmentIdentity,
): BatchHeader | undefined {
  if (offset + batchHeaderBytes > bytes.length) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(offset, true) !== batchMagic) return undefined;
  const crc = view.getUint32(offset + 4, true);
  if (crc !== crc32c(bytes.subarray(offset + 8, offset + batchHeaderBytes), identity.seed)) return undefined;
  const kind = kindNames[view.getUint8(offset + 8)];
  if (kind === undefined || takeU64(view, offset + 24) !== identity.epoch) return undefined;
  return {
    kind,
    recordCount: view.getUint32(offset + 12, true),
    position: takeU64(view, offset + 16),
    firstLsn: takeU64(view, offset + 32),
    durableLsn: takeU64(view, offset + 40),
    durableBytes: takeU64(view, offset + 48),
    storedBytes: view.getUint32(offset + 56, true),
    rawBytes: view.getUint32(offset + 60, true),
    isCompressed: (view.getUint16(offset + 10, true) & flagCompressed) !== 0,
    bodyCrc: view.getUint32(offset + 64, true),
    chain: view.getUint32(offset + 68, true),
    blocks: view.getUint32(offset + 72, true),
    issuedAtMs: takeU64(view, offset + 80),
    crc,
  };
}

/** What bounds a batch's lengths: its segment's header, and the bytes from its position to the segment's end. */
export interface BatchLimits {
  readonly blockBytes: number;
  readonly batchBytesMax: number;
  readonly codec: CodecName;
  readonly roomBytes: number;
}

/** Whether a header fits its place: its lengths may be trusted then. */
export function faultOfHeader(
  header: BatchHeader,
  place: BatchPlace,
  limits: BatchLimits,
): BatchFault | undefined {
  if (header.position !== place.position || header.durableBytes > place.position) return 'wrong position';
  if (header.chain !== place.chain) return 'broken chain';
  if (header.firstLsn !== place.nextLsn || header.durableLsn >= place.nextLsn) return 'wrong LSN';
  const { kind, storedBytes, rawBytes, isCompressed } = header;
  const blocks = Math.ceil((batchHeaderBytes + storedBytes) / limits.blockBytes);
  const fits =
    header.blocks === blocks &&
    blocks * limits.blockBytes <= limits.roomBytes &&
    (kind === 'data' ? rawBytes <= limits.batchBytesMax : blocks === 1) &&
    (isCompressed
      ? kind === 'data' && limits.codec !== 'none' && storedBytes < rawBytes
      : storedBytes === rawBytes);
  return fits ? undefined : 'wrong length';
}

/** Whether a stored body is the one that its header announces. */
export function faultOfStored(header: BatchHeader, stored: Uint8Array): BatchFault | undefined {
  return crc32c(stored) === header.bodyCrc ? undefined : 'damaged body';
}

/** Whether a raw body is what its header announces. */
export function faultOfBody(header: BatchHeader, body: Uint8Array): BatchFault | undefined {
  switch (header.kind) {
    case 'data':
      return header.recordCount > 0 && holdsRecords(body, header.recordCount) ? undefined : 'damaged records';
    case 'seal':
      return header.recordCount === 0 && body.length % indexEntryBytes === 0 ? undefined : 'damaged records';
    case 'clean-end':
      return header.recordCount === 0 && body.length === 0 ? undefined : 'damaged records';
  }
}

export interface IndexEntry {
  readonly firstLsn: number;
  readonly position: number;
}

/** A seal's body: as many of `entries` as fit one block with the header, evenly spread, the first always among them. */
export function encodeIndex(entries: readonly IndexEntry[], blockBytes: number): Uint8Array {
  const countMax = Math.floor((blockBytes - batchHeaderBytes) / indexEntryBytes);
  const step = Math.max(1, Math.ceil(entries.length / countMax));
  const kept = entries.filter((_, index) => index % step === 0);
  const body = new Uint8Array(kept.length * indexEntryBytes);
  const view = viewOf(body);
  for (const [index, entry] of kept.entries()) {
    putU64(view, index * indexEntryBytes, entry.firstLsn);
    putU64(view, index * indexEntryBytes + 8, entry.position);
  }
  return body;
}

export function decodeIndex(body: Uint8Array): IndexEntry[] {
  const view = viewOf(body);
  return Array.from({ length: body.length / indexEntryBytes }, (_, index) => ({
    firstLsn: takeU64(view, index * indexEntryBytes),
    position: takeU64(view, index * indexEntryBytes + 8),
  }));
}
