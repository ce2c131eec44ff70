import type { BatchHeader } from '../batch.ts';
import { crc32c } from '../crc32c.ts';
import {
  batchHeaderBytes,
  codecNames,
  equalBytes,
  hasText,
  isBlockSize,
  recordHeaderBytes,
  type SegmentHeader,
  type SegmentIdentity,
  segmentBlocksMin,
  segmentHeaderBytes,
  takeU64,
  viewOf,
} from '../format.ts';
import {
  batchLayout,
  type Field,
  hex32,
  manifestLayout,
  readFields,
  recordLayout,
  segmentLayout,
} from './fields.ts';

/**
 * The structures of the log field by field, each with what is wrong with it. They look at every rule of docs/wal-format.md by
 * itself, where reading a log stops at the first that is broken.
 */

const batchMagic = 0x31626370;

/** `logId`: of the log that the file should belong to, if that is known. */
export function explainSegmentHeader(
  bytes: Uint8Array,
  identity: Pick<SegmentIdentity, 'number' | 'epoch'>,
  logId: Uint8Array | undefined,
): Field[] {
  if (bytes.length < segmentHeaderBytes) return [];
  const view = viewOf(bytes);
  const crc = crc32c(bytes.subarray(12, segmentHeaderBytes));
  const blockBytes = view.getUint32(24, true);
  const segmentBytes = takeU64(view, 32);
  return readFields(bytes, 0, segmentLayout, {
    magic: unless(hasText(bytes, 0, 'pcutwal1'), 'expected "pcutwal1"'),
    CRC: unless(
      view.getUint32(8, true) === crc,
      `expected ${hex32(crc)} (the CRC of bytes 12 to 256 as they are)`,
    ),
    'format version': unless(view.getUint16(12, true) === 1, 'expected 1'),
    'header length': unless(view.getUint16(14, true) === segmentHeaderBytes, 'expected 256'),
    'incompatible features': unless(view.getUint32(20, true) === 0, 'expected 0: version 1 has none'),
    blockBytes: unless(isBlockSize(blockBytes), 'expected a power of two, 512 to 65536'),
    codec: unless(codecNames[view.getUint8(28)] !== undefined, `expected 0 to ${codecNames.length - 1}`),
    segmentBytes: unless(
      blockBytes > 0 && segmentBytes % blockBytes === 0 && segmentBytes >= segmentBlocksMin * blockBytes,
      'expected a multiple of blockBytes, at least 4 of them',
    ),
    'log id': unless(
      logId === undefined || equalBytes(bytes.subarray(48, 64), logId),
      `expected ${Buffer.from(logId ?? []).toString('hex')} (the manifest's)`,
    ),
    'segment number': unless(
      takeU64(view, 64) === identity.number,
      `expected ${identity.number} (the file's name)`,
    ),
    epoch: unless(
      takeU64(view, 72) === identity.epoch,
      `expected ${identity.epoch.toString(16)} (the file's name)`,
    ),
    "predecessor's number": unless(takeU64(view, 96) < identity.number, 'expected one below its own'),
  });
}

/** What a batch had to follow from. */
export interface BatchContext {
  readonly segment: SegmentHeader;
  readonly position: number;
  readonly endBytes: number;
  readonly nextLsn: number;
  readonly chain: number;
  /** Where the batch before begins; 0: there is none. */
  readonly previousPosition: number;
}

/** A batch's header, from the bytes at its position. */
export function explainBatchHeader(bytes: Uint8Array, context: BatchContext): Field[] {
  if (bytes.length < batchHeaderBytes) return [];
  const { segment, position, endBytes, nextLsn, chain, previousPosition } = context;
  const { identity, blockBytes, batchBytesMax } = segment;
  const view = viewOf(bytes);
  const crc = crc32c(bytes.subarray(8, batchHeaderBytes), identity.seed);
  const stored = view.getUint32(56, true);
  const raw = view.getUint32(60, true);
  const blocks = Math.ceil((batchHeaderBytes + stored) / blockBytes);
  const isPacked = (view.getUint16(10, true) & 1) !== 0;
  const before =
    previousPosition === 0
      ? 'the CRC of the segment header'
      : `header CRC of the batch at ${previousPosition}`;
  return readFields(bytes, position, batchLayout, {
    magic: unless(view.getUint32(0, true) === batchMagic, `expected ${hex32(batchMagic)} ("pcb1")`),
    'header CRC': unless(
      view.getUint32(4, true) === crc,
      `expected ${hex32(crc)} (bytes 8 to 88 as they are, seeded with log id, number and epoch)`,
    ),
    kind: unless([1, 2, 3].includes(view.getUint8(8)), 'expected 1 data, 2 seal or 3 clean end'),
    flags: unless(view.getUint16(10, true) <= 1, 'expected 0 or 1'),
    position: unless(takeU64(view, 16) === position, `expected ${position} (where it stands)`),
    epoch: unless(
      takeU64(view, 24) === identity.epoch,
      `expected ${identity.epoch.toString(16)} (the segment's)`,
    ),
    'first LSN': unless(takeU64(view, 32) === nextLsn, `expected ${nextLsn} (the records before it)`),
    durableLsn: unless(
      takeU64(view, 40) < nextLsn,
      `expected less than ${nextLsn}: no record promises itself`,
    ),
    durableBytes: unless(
      takeU64(view, 48) <= position,
      `expected at most ${position}: no batch promises itself`,
    ),
    'stored length': unless(
      position + blocks * blockBytes <= endBytes,
      `expected at most ${Math.max(0, endBytes - position - batchHeaderBytes)} (the room up to byte ${endBytes})`,
    ),
    'raw length': unless(
      raw <= batchBytesMax && (isPacked ? raw > stored : raw === stored),
      `expected ${isPacked ? 'more than' : 'as'} the stored length, at most ${batchBytesMax}`,
    ),
    chain: unless(view.getUint32(68, true) === chain, `expected ${hex32(chain)} (${before})`),
    blocks: unless(
      view.getUint32(72, true) === blocks,
      `expected ${blocks} (of ${blockBytes} bytes, for the stored length)`,
    ),
  });
}

/** The body's CRC, as the header announces it and as it is. */
export function explainBody(header: BatchHeader, stored: Uint8Array): Field {
  const crc = crc32c(stored);
  return {
    name: 'body CRC',
    offset: header.position + 64,
    bytes: '',
    value: hex32(header.bodyCrc),
    ...(crc !== header.bodyCrc && { wrong: `the ${stored.length} bytes of the body give ${hex32(crc)}` }),
  };
}

/** One damaged record: the header's fields. `base`: where the body begins in the file. */
export function explainRecord(body: Uint8Array, offset: number, base: number): Field[] {
  const view = viewOf(body);
  if (offset + recordHeaderBytes > body.length) return [];
  const length = view.getUint32(offset + 4, true);
  const end = offset + recordHeaderBytes + length;
  const isInside = end <= body.length;
  const crc = isInside ? crc32c(body.subarray(offset + 4, end)) : 0;
  return readFields(body.subarray(offset, offset + recordHeaderBytes), base + offset, recordLayout, {
    CRC: isInside
      ? unless(view.getUint32(offset, true) === crc, `expected ${hex32(crc)} (its bytes as they are)`)
      : 'cannot be checked: the record does not end within the body',
    'payload length': unless(
      isInside,
      `expected at most ${body.length - offset - recordHeaderBytes} (the rest of the body)`,
    ),
    type: unless(view.getUint8(offset + 8) !== 0, 'expected 1 to 4, or 128 to 255'),
    flags: unless(view.getUint8(offset + 9) <= 15, 'expected at most 15'),
    reserved: unless(view.getUint16(offset + 10, true) === 0, 'expected 0'),
  });
}

export function explainManifestSlot(bytes: Uint8Array, base: number): Field[] {
  if (bytes.length < 256) return [];
  const view = viewOf(bytes);
  const crc = crc32c(bytes.subarray(12, 256));
  const slot = base === 0 ? 0 : 1;
  return readFields(bytes, base, manifestLayout, {
    magic: unless(hasText(bytes, 0, 'pcutman1'), 'expected "pcutman1"'),
    CRC: unless(
      view.getUint32(8, true) === crc,
      `expected ${hex32(crc)} (the CRC of bytes 12 to 256 as they are)`,
    ),
    'format version': unless(view.getUint16(12, true) === 1, 'expected 1'),
    length: unless(view.getUint16(14, true) === 256, 'expected 256'),
    'incompatible features': unless(view.getUint32(20, true) === 0, 'expected 0: version 1 has none'),
    generation: unless(takeU64(view, 24) % 2 === slot, `expected one that belongs in slot ${slot}`),
  });
}

function unless(holds: boolean, complaint: string): string | undefined {
  return holds ? undefined : complaint;
}
