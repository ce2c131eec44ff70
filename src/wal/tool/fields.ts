import { viewOf } from '../format.ts';

/** One field of a structure on disk, as docs/wal-format.md lays it out, and what is wrong with it if anything is. */
export interface Field {
  readonly name: string;
  /** From the start of the file. */
  readonly offset: number;
  /** Hexadecimal, in the order in which the bytes stand there. */
  readonly bytes: string;
  readonly value: string;
  /** What it had to be, and how that is known. */
  readonly wrong?: string;
}

type Kind = 'u8' | 'u16' | 'u32' | 'u64' | 'crc' | 'text' | 'id';

export interface Layout {
  readonly name: string;
  readonly at: number;
  readonly kind: Kind;
}

const lengths: Readonly<Record<Kind, number>> = { u8: 1, u16: 2, u32: 4, crc: 4, u64: 8, text: 8, id: 16 };

/** `name at kind`, a line each: the tables of docs/wal-format.md. */
function layout(text: string): readonly Layout[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [at = '', kind = '', ...name] = line.trim().split(' ');
      return { at: Number(at), kind: kind as Kind, name: name.join(' ') };
    });
}

export const segmentLayout = layout(`
  0 text magic
  8 crc CRC
  12 u16 format version
  14 u16 header length
  16 u32 compatible features
  20 u32 incompatible features
  24 u32 blockBytes
  28 u8 codec
  32 u64 segmentBytes
  40 u32 batchBytesMax
  44 u32 unsyncedBytesMax
  48 id log id
  64 u64 segment number
  72 u64 epoch
  80 u64 base LSN
  88 u64 created
  96 u64 predecessor's number
  104 u64 predecessor's epoch
  112 u64 predecessor's end
  120 crc predecessor's chain
  128 u64 durableBytes`);

export const batchLayout = layout(`
  0 crc magic
  4 crc header CRC
  8 u8 kind
  10 u16 flags
  12 u32 record count
  16 u64 position
  24 u64 epoch
  32 u64 first LSN
  40 u64 durableLsn
  48 u64 durableBytes
  56 u32 stored length
  60 u32 raw length
  64 crc body CRC
  68 crc chain
  72 u32 blocks
  80 u64 issued`);

export const recordLayout = layout(`
  0 crc CRC
  4 u32 payload length
  8 u8 type
  9 u8 flags
  10 u16 reserved`);

export const manifestLayout = layout(`
  0 text magic
  8 crc CRC
  12 u16 format version
  14 u16 length
  16 u32 compatible features
  20 u32 incompatible features
  24 u64 generation
  32 id log id
  48 u64 created
  56 u64 floor number
  64 u64 floor LSN
  72 u64 published number
  80 u64 published epoch
  88 u64 tail number
  96 u64 tail bytes
  104 u64 tail next LSN
  112 u8 copies`);

/** What a field had to be; only those of which something is known. */
export type Expectations = Readonly<Record<string, string | undefined>>;

/** The fields of a layout, as far as `bytes` go. `base`: where these stand in their file. */
export function readFields(
  bytes: Uint8Array,
  base: number,
  fields: readonly Layout[],
  wrong: Expectations,
): Field[] {
  const view = viewOf(bytes);
  return fields
    .filter(({ at, kind }) => at + lengths[kind] <= bytes.length)
    .map(({ name, at, kind }) => {
      const raw = bytes.subarray(at, at + lengths[kind]);
      const complaint = wrong[name];
      return {
        name,
        offset: base + at,
        bytes: Buffer.from(raw).toString('hex'),
        value: show(view, at, kind, raw, name),
        ...(complaint !== undefined && { wrong: complaint }),
      };
    });
}

function show(view: DataView, at: number, kind: Kind, raw: Uint8Array, name: string): string {
  switch (kind) {
    case 'u8':
      return String(view.getUint8(at));
    case 'u16':
      return String(view.getUint16(at, true));
    case 'u32':
      return String(view.getUint32(at, true));
    case 'crc':
      return hex32(view.getUint32(at, true));
    case 'text':
      return JSON.stringify(Buffer.from(raw).toString('latin1'));
    case 'id':
      return Buffer.from(raw).toString('hex');
    case 'u64': {
      // Damaged ones may be above 2^53.
      const value = view.getBigUint64(at, true);
      if (name.endsWith('epoch')) return value.toString(16).padStart(12, '0');
      return name === 'created' || name === 'issued' ? showTime(Number(value)) : String(value);
    }
  }
}

export function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** ISO 8601, or the number where it is no time. */
export function showTime(ms: number): string {
  return ms <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
