import { type BatchHeader, decodeBatchHeader, faultOfStored } from '../batch.ts';
import { batchHeaderBytes, decodeSegmentHeader, type SegmentHeader, segmentHeaderBytes } from '../format.ts';
import type { LogPlace } from '../place.ts';
import { BatchCursor, readOrFail } from '../read/batch-cursor.ts';
import type { MendedRegion } from '../report.ts';
import { isZero } from './copy-bytes.ts';
import { type CopyDamage, mendFile, type Piece } from './mend.ts';
import { MirrorFile } from './mirror-file.ts';
import type { MirrorStorage } from './mirror-storage.ts';

/** What a segment's file must hold in both copies. */
export interface SegmentPlan {
  readonly name: string;
  readonly fileBytes: number;
  /** As it is valid in one copy at least; undefined: it has none. */
  readonly header: SegmentHeader | undefined;
  /** Batches up to here are compared; 0: none. What lies behind may differ, and is nobody's. */
  readonly endBytes: number;
  /** From here on all is zero, because a writer goes on there; undefined: nobody does. */
  readonly zeroFrom: number | undefined;
}

/** Mends a segment in the copy that differs from the one where it is valid. Damaged in both, it is left as it is. */
export async function mendSegment(mirror: MirrorStorage, plan: SegmentPlan): Promise<MendedRegion[]> {
  return withDamages(mirror, plan, (damages) => mendFile(mirror, plan.name, plan.fileBytes, damages));
}

/** Whether there is anything to mend. */
export async function isSegmentDamaged(mirror: MirrorStorage, plan: SegmentPlan): Promise<boolean> {
  return withDamages(mirror, plan, async (damages) => damages.length > 0);
}

async function withDamages<T>(
  mirror: MirrorStorage,
  plan: SegmentPlan,
  use: (damages: readonly CopyDamage[]) => Promise<T>,
): Promise<T> {
  const file = await mirror.open(plan.name, 'read');
  if (!(file instanceof MirrorFile)) throw new Error('a mirror opens mirrored files');
  try {
    return await use(await findDamages(mirror, file, plan));
  } finally {
    await file.close();
  }
}

async function findDamages(
  mirror: MirrorStorage,
  file: MirrorFile,
  plan: SegmentPlan,
): Promise<CopyDamage[]> {
  const damages = [...missing(mirror, file, plan), ...(await short(mirror, file, plan))];
  const { header, endBytes } = plan;
  if (header !== undefined) {
    const isHeader = (bytes: Uint8Array) =>
      isSame(decodeSegmentHeader(bytes, mirror.logId, header.identity), header);
    await compare(mirror, file, { offset: 0, length: segmentHeaderBytes, isRight: isHeader }, damages);
    if (endBytes > header.blockBytes) {
      const cursor = new BatchCursor(file, header, endBytes);
      for (let batch = await cursor.next(); batch !== undefined; batch = await cursor.next()) {
        const { position, storedBytes } = batch.header;
        const isBatch = (bytes: Uint8Array) => isStored(bytes, batch.header, header);
        const length = batchHeaderBytes + storedBytes;
        await compare(mirror, file, { offset: position, length, isRight: isBatch }, damages);
      }
    }
  }
  await compareZeros(mirror, file, plan, damages);
  return damages;
}

/** Where one copy lacks a file, all of it comes from the other. */
function missing(mirror: MirrorStorage, file: MirrorFile, { fileBytes }: SegmentPlan): CopyDamage[] {
  const [source = []] = file.copies;
  return mirror.live
    .filter((copy) => file.of(copy) === undefined)
    .map((copy) => ({ copy, offset: 0, length: fileBytes, source, fault: 'the file is missing' }));
}

async function short(
  mirror: MirrorStorage,
  file: MirrorFile,
  { fileBytes }: SegmentPlan,
): Promise<CopyDamage[]> {
  const damages: CopyDamage[] = [];
  for (const copy of mirror.live) {
    const own = file.of(copy);
    const source = file.copies.find((other) => other !== own);
    const bytes = (await own?.size()) ?? fileBytes;
    if (bytes >= fileBytes || source === undefined) continue;
    damages.push({ copy, offset: bytes, length: fileBytes - bytes, source, fault: 'the file is short' });
  }
  return damages;
}

interface Region {
  readonly offset: number;
  readonly length: number;
  readonly isRight: (bytes: Uint8Array) => boolean;
}

/** Each copy is read once: what is right now is what the others are to hold. */
async function compare(
  mirror: MirrorStorage,
  file: MirrorFile,
  { offset, length, isRight }: Region,
  damages: CopyDamage[],
): Promise<void> {
  const found: { readonly copy: LogPlace; readonly bytes: Uint8Array | undefined }[] = [];
  for (const copy of mirror.live) {
    const own = file.of(copy);
    if (own !== undefined) found.push({ copy, bytes: await readOrFail(own, offset, length) });
  }
  const right = found.find(({ bytes }) => bytes?.length === length && isRight(bytes))?.bytes;
  if (right === undefined) return;
  for (const { copy, bytes } of found) {
    if (bytes !== undefined && Buffer.compare(bytes, right) === 0) continue;
    const fault = bytes === undefined ? 'the disk cannot read it' : 'it is damaged';
    add(damages, { copy, offset, length, source: [{ offset, bytes: right }], fault });
  }
}

function isSame(found: SegmentHeader | string, header: SegmentHeader): boolean {
  return typeof found === 'object' && found.crc === header.crc;
}

function isStored(bytes: Uint8Array, wanted: BatchHeader, { identity }: SegmentHeader): boolean {
  const found = decodeBatchHeader(bytes, 0, identity);
  return found?.crc === wanted.crc && faultOfStored(found, bytes.subarray(batchHeaderBytes)) === undefined;
}

const zeroStepBytes = 256 * 1024;

async function compareZeros(
  mirror: MirrorStorage,
  file: MirrorFile,
  { zeroFrom, fileBytes }: SegmentPlan,
  damages: CopyDamage[],
): Promise<void> {
  if (zeroFrom === undefined) return;
  for (const copy of mirror.live) {
    const own = file.of(copy);
    if (own === undefined) continue;
    for (let offset = zeroFrom; offset < fileBytes; offset += zeroStepBytes) {
      const length = Math.min(zeroStepBytes, fileBytes - offset);
      const bytes = await readOrFail(own, offset, length);
      if (bytes !== undefined && isZero(bytes)) continue;
      const fault = bytes === undefined ? 'the disk cannot read it' : 'it is damaged';
      add(damages, { copy, offset, length, source: [], fault });
    }
  }
}

type Damage = CopyDamage & { readonly source: readonly Piece[] };

/** Neighbours become one region: what lies between two batches is zero. */
function add(damages: CopyDamage[], damage: Damage): void {
  const index = damages.findLastIndex(({ copy }) => copy === damage.copy);
  const last = damages[index];
  const isNear = last !== undefined && damage.offset - (last.offset + last.length) < batchHeaderBytes;
  if (!isNear || last.fault !== damage.fault || 'read' in last.source) {
    damages.push(damage);
    return;
  }
  const length = damage.offset + damage.length - last.offset;
  damages[index] = { ...last, length, source: last.source.concat(damage.source) };
}
