import { crc32c } from './crc32c.ts';

/*
 * The format of the log, as docs/wal-format.md specifies it. Here: names, identities and the segment header.
 * batch.ts has batches, record.ts records, manifest.ts the manifest.
 *
 *   segment = header block, batch, batch, ..., seal, zeros        every part starts at a multiple of blockBytes
 *   batch   = header (88 bytes), body, zeros to the next block    valid only where its CRC, seeded with the segment's
 *   record  = CRC, length, type, flags, payload                   identity, position, LSN and chain all fit
 *
 * A block that holds an acknowledged byte is never written again (I2), so a torn write harms only what it writes.
 */
export const formatVersion = 1;
export const segmentHeaderBytes = 256;
export const batchHeaderBytes = 88;
export const recordHeaderBytes = 12;
export const indexEntryBytes = 16;

export const blockBytesMin = 512;
export const blockBytesMax = 65_536;
/** Header, one batch, a clean end, a seal. */
export const segmentBlocksMin = 4;

/** Of batch bodies, in the order of their numbers in a segment's header. */
export const codecNames = ['none', 'lz4', 'snappy', 'zlib', 'zstd'] as const;
export type CodecName = (typeof codecNames)[number];

const segmentMagic = 'pcutwal1';
/** Copies are alike to the byte, so there is one role. */
const onlyRole = 1;

/** Who a segment is. Its seed starts the CRC of each of its batches, so that bytes from elsewhere never validate (I10). */
export interface SegmentIdentity {
  readonly number: number;
  /** 48 random bits. */
  readonly epoch: number;
  readonly name: string;
  readonly seed: number;
}

/** A point up to which the log is durable and linked: in segment `number`, `endBytes` from its start. */
export interface LogPoint {
  /** 0: before the first segment. */
  readonly number: number;
  readonly epoch: number;
  readonly endBytes: number;
  /** The header CRC of the last batch before it. */
  readonly chain: number;
}

export const logStart: LogPoint = { number: 0, epoch: 0, endBytes: 0, chain: 0 };

/** The settings that decoding depends on: they are on disk, and options never overrule them (I11). */
export interface SegmentSettings {
  readonly blockBytes: number;
  readonly segmentBytes: number;
  readonly batchBytesMax: number;
  readonly unsyncedBytesMax: number;
  readonly codec: CodecName;
}

export interface SegmentHeader extends SegmentSettings {
  readonly identity: SegmentIdentity;
  readonly baseLsn: number;
  readonly createdAtMs: number;
  readonly predecessor: LogPoint;
  readonly durableBytes: number;
  /** Its own CRC: the chain that its first batch continues. */
  readonly crc: number;
}

/** Why bytes are not a valid header. `unsupported`: they are one, of a later version. */
export type HeaderFault = 'zeros' | 'not a header' | 'unsupported';

export function identify(logId: Uint8Array, number: number, epoch: number): SegmentIdentity {
  const bytes = new Uint8Array(32);
  bytes.set(logId);
  const view = new DataView(bytes.buffer);
  putU64(view, 16, number);
  putU64(view, 24, epoch);
  return { number, epoch, name: segmentName(number, epoch), seed: crc32c(bytes) };
}

export function segmentName(number: number, epoch: number): string {
  return `${String(number).padStart(10, '0')}-${epoch.toString(16).padStart(12, '0')}.wal`;
}

/** As {@link segmentName} writes it, and no other way. */
const segmentNamePattern = /^(\d{10}|[1-9]\d{10,15})-([0-9a-f]{12})\.wal$/;

export function parseSegmentName(name: string): { number: number; epoch: number } | undefined {
  const [, digits = '', epoch = ''] = segmentNamePattern.exec(name) ?? [];
  const number = Number(digits);
  return number > 0 && Number.isSafeInteger(number)
    ? { number, epoch: Number.parseInt(epoch, 16) }
    : undefined;
}

/** Fills the first `segmentHeaderBytes` of `target`, which are zero, and answers the header with its CRC. */
export function encodeSegmentHeader(
  target: Uint8Array,
  logId: Uint8Array,
  header: Omit<SegmentHeader, 'crc'>,
): SegmentHeader {
  const view = viewOf(target);
  putText(target, 0, segmentMagic);
  view.setUint16(12, formatVersion, true);
  view.setUint16(14, segmentHeaderBytes, true);
  view.setUint32(24, header.blockBytes, true);
  view.setUint8(28, codecNames.indexOf(header.codec));
  view.setUint8(29, onlyRole);
  putU64(view, 32, header.segmentBytes);
  view.setUint32(40, header.batchBytesMax, true);
  view.setUint32(44, header.unsyncedBytesMax, true);
  target.set(logId, 48);
  putU64(view, 64, header.identity.number);
  putU64(view, 72, header.identity.epoch);
  putU64(view, 80, header.baseLsn);
  putU64(view, 88, header.createdAtMs);
  putU64(view, 96, header.predecessor.number);
  putU64(view, 104, header.predecessor.epoch);
  putU64(view, 112, header.predecessor.endBytes);
  view.setUint32(120, header.predecessor.chain, true);
  putU64(view, 128, header.durableBytes);
  const crc = crc32c(target.subarray(12, segmentHeaderBytes));
  view.setUint32(8, crc, true);
  return { ...header, crc };
}

export function decodeSegmentHeader(
  bytes: Uint8Array,
  logId: Uint8Array,
  identity: SegmentIdentity,
): SegmentHeader | HeaderFault {
  if (bytes.length < segmentHeaderBytes) return 'not a header';
  const view = viewOf(bytes);
  const crc = view.getUint32(8, true);
  if (!hasText(bytes, 0, segmentMagic) || crc !== crc32c(bytes.subarray(12, segmentHeaderBytes)))
    return bytes.every((byte) => byte === 0) ? 'zeros' : 'not a header';
  const codec = codecNames[view.getUint8(28)];
  const known =
    view.getUint16(12, true) === formatVersion &&
    view.getUint16(14, true) === segmentHeaderBytes &&
    view.getUint32(20, true) === 0 &&
    view.getUint8(29) === onlyRole;
  if (!known || codec === undefined) return 'unsupported';
  const predecessor = {
    number: takeU64(view, 96),
    epoch: takeU64(view, 104),
    endBytes: takeU64(view, 112),
    chain: view.getUint32(120, true),
  };
  const belongs =
    equalBytes(bytes.subarray(48, 64), logId) &&
    takeU64(view, 64) === identity.number &&
    takeU64(view, 72) === identity.epoch;
  const blockBytes = view.getUint32(24, true);
  const segmentBytes = takeU64(view, 32);
  const fits =
    isBlockSize(blockBytes) &&
    segmentBytes % blockBytes === 0 &&
    segmentBytes >= segmentBlocksMin * blockBytes &&
    predecessor.number < identity.number;
  if (!belongs || !fits) return 'not a header';
  return {
    identity,
    blockBytes,
    segmentBytes,
    batchBytesMax: view.getUint32(40, true),
    unsyncedBytesMax: view.getUint32(44, true),
    codec,
    baseLsn: takeU64(view, 80),
    createdAtMs: takeU64(view, 88),
    predecessor,
    durableBytes: takeU64(view, 128),
    crc,
  };
}

export function isBlockSize(bytes: number): boolean {
  return bytes >= blockBytesMin && bytes <= blockBytesMax && Number.isInteger(Math.log2(bytes));
}

/** Sizes in whole blocks. */
export function roundUp(bytes: number, blockBytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function putU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

export function takeU64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);
}

export function putText(bytes: Uint8Array, offset: number, text: string): void {
  for (let index = 0; index < text.length; index++) bytes[offset + index] = text.charCodeAt(index);
}

export function hasText(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let index = 0; index < text.length; index++)
    if (bytes[offset + index] !== text.charCodeAt(index)) return false;
  return true;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
