import { crc32c } from '../crc32c.ts';
import {
  batchHeaderBytes,
  identify,
  parseSegmentName,
  putU64,
  segmentHeaderBytes,
  takeU64,
  viewOf,
} from '../format.ts';
import type { MemoryStorage } from '../storage/memory-storage.ts';
import { directory, type Specimen } from './corpus.ts';
import type { Random } from './random.ts';

/** A way to damage a log. Answers what it did, for people. */
export interface Mutation {
  readonly name: string;
  /** It seals what it changed with the right checksums: what is shown then need not have been appended. */
  readonly forges: boolean;
  apply(target: MemoryStorage, random: Random, corpus: readonly Specimen[]): Promise<string>;
}

const blockBytes = 512;

/** A file that is not empty; undefined if there is none. */
async function pickFile(storage: MemoryStorage, random: Random, extension = ''): Promise<string | undefined> {
  const names = (await storage.list(directory)).filter(
    (name) => name.endsWith(extension) && storage.bytes(`${directory}/${name}`).length > 0,
  );
  return names.length === 0 ? undefined : `${directory}/${random.pick(names)}`;
}

/** Batches and headers stand at the beginnings of blocks; half of the places are near one. */
function pickOffset(bytes: Uint8Array, random: Random): number {
  const anywhere = random.below(bytes.length);
  if (random.below(2) === 0) return anywhere;
  const block = anywhere - (anywhere % blockBytes);
  return Math.min(bytes.length - 1, block + random.below(128));
}

const flip: Mutation = {
  name: 'flip',
  forges: false,
  async apply(target, random) {
    const path = await pickFile(target, random);
    if (path === undefined) return 'nothing';
    const bytes = target.bytes(path);
    const offset = pickOffset(bytes, random);
    const bit = random.below(8);
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
    return `bit ${bit} of ${path} at ${offset}`;
  },
};

const overwrite: Mutation = {
  name: 'overwrite',
  forges: false,
  async apply(target, random) {
    const path = await pickFile(target, random);
    if (path === undefined) return 'nothing';
    const bytes = target.bytes(path);
    const from = pickOffset(bytes, random);
    const length = 1 + random.below(random.pick([8, 512, 4096]));
    const filler = random.pick(['zeros', 'ones', 'noise']);
    const stretch = bytes.subarray(from, from + length);
    if (filler === 'noise') stretch.set(random.bytes(stretch.length));
    else stretch.fill(filler === 'zeros' ? 0 : 0xff);
    return `${filler} over ${path} ${from}+${length}`;
  },
};

const cut: Mutation = {
  name: 'cut',
  forges: false,
  async apply(target, random) {
    const path = await pickFile(target, random);
    if (path === undefined) return 'nothing';
    const length = pickOffset(target.bytes(path), random);
    const file = await target.open(path, 'write');
    await file.truncate(length);
    return `${path} cut to ${length}`;
  },
};

const remove: Mutation = {
  name: 'remove',
  forges: false,
  async apply(target, random) {
    const path = await pickFile(target, random);
    if (path === undefined) return 'nothing';
    await target.remove(path);
    return `${path} removed`;
  },
};

/** Whole blocks, or records, from another position, segment, epoch or log. */
const splice: Mutation = {
  name: 'splice',
  forges: false,
  async apply(target, random, corpus) {
    const source = random.below(2) === 0 ? target : random.pick(corpus).storage;
    const fromPath = await pickFile(source, random, '.wal');
    const toPath = await pickFile(target, random);
    if (fromPath === undefined || toPath === undefined) return 'nothing';
    const from = source.bytes(fromPath);
    const to = target.bytes(toPath);
    const unit = random.pick([blockBytes, blockBytes, 1]);
    const length = unit * (1 + random.below(4));
    const fromAt = random.below(Math.ceil(from.length / unit)) * unit;
    const toAt = random.below(Math.ceil(to.length / unit)) * unit;
    const piece = from.slice(fromAt, Math.min(fromAt + length, fromAt + to.length - toAt));
    to.set(piece, toAt);
    return `${fromPath} ${fromAt}+${piece.length} over ${toPath} at ${toAt}`;
  },
};

/** One file in the place of another. */
const exchange: Mutation = {
  name: 'exchange',
  forges: false,
  async apply(target, random, corpus) {
    const source = random.below(2) === 0 ? target : random.pick(corpus).storage;
    const fromPath = await pickFile(source, random);
    const toPath = await pickFile(target, random);
    if (fromPath === undefined || toPath === undefined) return 'nothing';
    const bytes = source.bytes(fromPath).slice();
    const file = await target.open(toPath, 'write');
    await file.truncate(0);
    await file.write([bytes], 0);
    return `${fromPath} in the place of ${toPath}`;
  },
};

const extremes: readonly number[] = [
  0,
  1,
  2,
  88,
  255,
  511,
  512,
  4095,
  4096,
  65_536,
  2 ** 20,
  2 ** 24,
  2 ** 30,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2 ** 52,
  2 ** 53 - 2,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
];

const segmentFields = {
  u8: [28, 29],
  u16: [12, 14],
  u32: [16, 20, 24, 40, 44, 120],
  u64: [32, 64, 72, 80, 88, 96, 104, 112, 128],
};
const batchFields = {
  u8: [8, 9],
  u16: [10],
  u32: [12, 56, 60, 64, 68, 72, 76],
  u64: [16, 24, 32, 40, 48, 80],
};
const manifestFields = { u8: [112], u16: [12, 14], u32: [16, 20], u64: [24, 56, 64, 72, 80, 88, 96, 104] };
const cursorFields = { u8: [], u16: [12, 14], u32: [], u64: [16, 40, 48] };

type Fields = Readonly<Record<'u8' | 'u16' | 'u32' | 'u64', readonly number[]>>;

function setExtreme(bytes: Uint8Array, base: number, fields: Fields, random: Random): string {
  const kinds = (['u8', 'u16', 'u32', 'u64'] as const).filter((kind) => fields[kind].length > 0);
  const kind = random.pick(kinds);
  const at = random.pick(fields[kind]);
  const view = viewOf(bytes);
  const current = kind === 'u64' && base + at + 8 <= bytes.length ? takeU64(view, base + at) : 0;
  const near = Math.max(0, current + random.pick([-512, -1, 1, 512]));
  const value = random.below(3) === 0 ? near : random.pick(extremes);
  if (kind === 'u8') view.setUint8(base + at, value % 256);
  else if (kind === 'u16') view.setUint16(base + at, value % 2 ** 16, true);
  else if (kind === 'u32') view.setUint32(base + at, value % 2 ** 32, true);
  else putU64(view, base + at, value);
  return `${kind} at ${at} = ${value}`;
}

const forgeSegment: Mutation = {
  name: 'forge segment',
  forges: true,
  async apply(target, random) {
    const path = await pickFile(target, random, '.wal');
    if (path === undefined) return 'nothing';
    const bytes = target.bytes(path);
    if (bytes.length < segmentHeaderBytes) return 'nothing';
    const what = setExtreme(bytes, 0, segmentFields, random);
    viewOf(bytes).setUint32(8, crc32c(bytes.subarray(12, segmentHeaderBytes)), true);
    return `${path} header ${what}`;
  },
};

/** A batch header, and at times the lengths of a record, sealed again with the segment's seed. */
const forgeBatch: Mutation = {
  name: 'forge batch',
  forges: true,
  async apply(target, random) {
    const path = await pickFile(target, random, '.wal');
    if (path === undefined) return 'nothing';
    const bytes = target.bytes(path);
    const parsed = parseSegmentName(path.slice(directory.length + 1));
    const offsets: number[] = [];
    const view = viewOf(bytes);
    for (let at = 0; at + batchHeaderBytes <= bytes.length; at += blockBytes)
      if (view.getUint32(at, true) === 0x31626370) offsets.push(at);
    if (parsed === undefined || offsets.length === 0) return 'nothing';
    const at = random.pick(offsets);
    const what =
      random.below(3) === 0 ? forgeRecord(bytes, at, random) : setExtreme(bytes, at, batchFields, random);
    const { seed } = identify(bytes.slice(48, 64), parsed.number, parsed.epoch);
    view.setUint32(at + 4, crc32c(bytes.subarray(at + 8, at + batchHeaderBytes), seed), true);
    return `${path} batch at ${at}: ${what}`;
  },
};

/** A segment that says it is huge, and in it a batch that says it is, each with the checksums that fit. */
const forgeGiant: Mutation = {
  name: 'forge giant',
  forges: true,
  async apply(target, random) {
    const path = await pickFile(target, random, '.wal');
    if (path === undefined) return 'nothing';
    const bytes = target.bytes(path);
    const parsed = parseSegmentName(path.slice(directory.length + 1));
    if (parsed === undefined || bytes.length < 2 * blockBytes) return 'nothing';
    const view = viewOf(bytes);
    const rawBytes = random.pick([2 ** 20, 2 ** 24, 2 ** 30, 2 ** 31, 2 ** 32 - 1]);
    const isPacked = random.below(2) === 0;
    const storedBytes = isPacked ? random.pick([64, 400, 3000]) : rawBytes;
    if (random.below(2) === 0) putU64(view, 32, 2 ** 40);
    view.setUint32(40, 2 ** 32 - 1, true);
    if (isPacked) view.setUint8(28, 1 + random.below(4));
    const headerCrc = crc32c(bytes.subarray(12, segmentHeaderBytes));
    view.setUint32(8, headerCrc, true);
    const at = blockBytes;
    const stored = bytes.subarray(at + batchHeaderBytes, at + batchHeaderBytes + storedBytes);
    if (isPacked) stored.set(random.bytes(Math.min(stored.length, 40)));
    view.setUint16(at + 10, isPacked ? 1 : 0, true);
    view.setUint32(at + 56, storedBytes, true);
    view.setUint32(at + 60, rawBytes, true);
    view.setUint32(at + 64, crc32c(stored), true);
    view.setUint32(at + 68, headerCrc, true);
    view.setUint32(at + 72, Math.ceil((batchHeaderBytes + storedBytes) / blockBytes), true);
    const { seed } = identify(bytes.slice(48, 64), parsed.number, parsed.epoch);
    view.setUint32(at + 4, crc32c(bytes.subarray(at + 8, at + batchHeaderBytes), seed), true);
    return `${path}: a batch of ${rawBytes} bytes in ${storedBytes}`;
  },
};

function forgeRecord(bytes: Uint8Array, at: number, random: Random): string {
  const view = viewOf(bytes);
  const body = at + batchHeaderBytes;
  const stored = view.getUint32(at + 56, true);
  const offset = random.pick([4, 8, 9, 10, 12, 20]);
  if (body + stored > bytes.length || stored < offset + 4) return 'nothing';
  const value = random.pick(extremes) % 2 ** 32;
  if (offset === 4 || offset >= 12) view.setUint32(body + offset, value, true);
  else view.setUint8(body + offset, value % 256);
  const end = Math.min(body + stored, body + 12 + view.getUint32(body + 4, true));
  view.setUint32(body, crc32c(bytes.subarray(body + 4, end)), true);
  view.setUint32(at + 64, crc32c(bytes.subarray(body, body + stored)), true);
  return `record byte ${offset} = ${value}`;
}

const forgeSlot: Mutation = {
  name: 'forge slot',
  forges: true,
  async apply(target, random) {
    const names = (await target.list(directory)).filter(
      (name) => name === 'manifest' || name.startsWith('cursor-'),
    );
    if (names.length === 0) return 'nothing';
    const name = random.pick(names);
    const bytes = target.bytes(`${directory}/${name}`);
    const isManifest = name === 'manifest';
    const base = random.pick([0, 16_384]);
    const length = isManifest ? 256 : 128;
    if (base + length > bytes.length) return 'nothing';
    const what = setExtreme(bytes, base, isManifest ? manifestFields : cursorFields, random);
    viewOf(bytes).setUint32(base + 8, crc32c(bytes.subarray(base + 12, base + length)), true);
    return `${name} slot at ${base}: ${what}`;
  },
};

/** Blind damage more often than forgery: it is what disks do. */
export const mutations: readonly Mutation[] = [
  flip,
  flip,
  overwrite,
  overwrite,
  cut,
  remove,
  splice,
  splice,
  splice,
  exchange,
  forgeSegment,
  forgeBatch,
  forgeBatch,
  forgeGiant,
  forgeSlot,
];
