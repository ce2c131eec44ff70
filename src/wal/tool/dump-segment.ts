import type { BatchHeader } from '../batch.ts';
import { batchHeaderBytes, recordHeaderBytes, type SegmentHeader, viewOf } from '../format.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import { type DamageSpan, type RestSpan, scanSegment } from '../read/scan.ts';
import { recordAt, recordEnd } from '../record.ts';
import { inspectRest } from '../recovery/segment-rest.ts';
import { standInHeader } from '../recovery/stand-in.ts';
import type { StorageFile } from '../storage.ts';
import { explainBatchHeader, explainBody, explainRecord } from './explain.ts';
import type { Field } from './fields.ts';
import type { SegmentSurvey } from './survey.ts';

/** What stands in a segment, one after the other. */
export type Item = BatchItem | DamageItem | RestItem;

export interface BatchItem {
  readonly kind: 'batch';
  readonly header: BatchHeader;
  readonly records: readonly RecordItem[];
}

export interface RecordItem {
  readonly lsn: number;
  readonly type: number;
  readonly bytes: number;
  readonly key: string | undefined;
  readonly preview: string;
}

export interface DamageItem {
  readonly kind: 'damage';
  readonly position: number;
  readonly bytes: number;
  readonly fault: string;
  readonly nextLsn: number;
  /** The batch's own header, where that is good. */
  readonly header: BatchHeader | undefined;
  /** LSNs of the records of it that are still good. */
  readonly goodLsns: readonly number[];
  /** What is damaged, field by field. */
  readonly parts: readonly Part[];
}

export interface RestItem {
  readonly kind: 'rest';
  readonly position: number;
  /** To the end of the segment's part of the log; and up to the last byte in it that is not zero. */
  readonly bytes: number;
  readonly contentBytes: number;
  readonly fault: string;
  readonly nextLsn: number;
  readonly parts: readonly Part[];
}

export interface Part {
  readonly title: string;
  readonly fields: readonly Field[];
}

const damagedRecordsMax = 3;
const previewBytes = 48;

/** Reads a segment to its end, whatever is damaged. `neighbour`: to take block size and codec from where its header is lost. */
export async function* dumpSegment(
  place: LogPlace,
  segment: SegmentSurvey,
  neighbour: SegmentHeader | undefined,
  withRecords: boolean,
): AsyncGenerator<Item, void, undefined> {
  const { identity, fileBytes, endBytes } = segment;
  const header = segment.header ?? standInHeader(identity, fileBytes, neighbour);
  const file = await place.storage.open(pathOf(place, identity.name), 'read');
  const before = { chain: header.crc, position: 0 };
  try {
    for await (const span of scanSegment(file, header, Math.min(endBytes, fileBytes))) {
      if (span.kind === 'batch') {
        const { batch } = span;
        before.chain = batch.header.crc;
        before.position = batch.header.position;
        const isShown = withRecords && batch.header.kind === 'data';
        yield {
          kind: 'batch',
          header: batch.header,
          records: isShown ? previews(batch.body, batch.header) : [],
        };
        continue;
      }
      const parts = await explainSpan(file, header, span, before);
      if (span.kind === 'rest') {
        const { extentBytes } = await inspectRest(file, identity, span.position);
        yield {
          ...span,
          contentBytes: Math.min(extentBytes, span.bytes),
          parts: extentBytes === 0 ? [] : parts,
        };
      } else {
        yield { ...span, goodLsns: span.records.map(({ record }) => record.lsn), parts };
        if (span.header !== undefined) before.chain = span.header.crc;
        if (span.header !== undefined) before.position = span.header.position;
      }
    }
  } finally {
    await file.close();
  }
}

function previews(body: Uint8Array, { firstLsn }: BatchHeader): RecordItem[] {
  const view = viewOf(body);
  const items: RecordItem[] = [];
  let lsn = firstLsn;
  for (let offset = 0; offset < body.length; offset = recordEnd(view, offset)) {
    const { type, data, key } = recordAt(body, view, offset, lsn);
    items.push({ lsn, type, bytes: data.length, key: key && preview(key), preview: preview(data) });
    lsn++;
  }
  return items;
}

/** Text where it is printable ASCII, else hexadecimal. */
export function preview(data: Uint8Array): string {
  const start = Buffer.from(data.subarray(0, previewBytes));
  const isText = start.every((byte) => byte >= 32 && byte < 127);
  const shown = isText
    ? JSON.stringify(start.toString('latin1'))
    : start.toString('hex').replace(/(.{8})(?=.)/g, '$1 ');
  return data.length > previewBytes ? `${shown} ...` : shown;
}

async function explainSpan(
  file: StorageFile,
  segment: SegmentHeader,
  span: DamageSpan | RestSpan,
  before: { readonly chain: number; readonly position: number },
): Promise<Part[]> {
  const { position, nextLsn } = span;
  const headerBytes = await readOrFail(
    file,
    position,
    Math.min(batchHeaderBytes, Math.max(0, segment.segmentBytes - position)),
  );
  if (headerBytes === undefined) return [{ title: 'the disk cannot read it', fields: [] }];
  if (headerBytes.every((byte) => byte === 0))
    return [{ title: 'zeros where a batch header had to be', fields: [] }];
  const own = span.kind === 'damage' ? span.header : undefined;
  if (own !== undefined) return explainDamagedBody(file, segment, own);
  const context = {
    segment,
    position,
    endBytes: segment.segmentBytes,
    nextLsn,
    chain: before.chain,
    previousPosition: before.position,
  };
  return [{ title: 'batch header', fields: explainBatchHeader(headerBytes, context) }];
}

async function explainDamagedBody(
  file: StorageFile,
  segment: SegmentHeader,
  header: BatchHeader,
): Promise<Part[]> {
  const bodyAt = header.position + batchHeaderBytes;
  const length = Math.min(header.storedBytes, segment.segmentBytes - bodyAt, (await file.size()) - bodyAt);
  const stored = await readOrFail(file, bodyAt, length);
  if (stored === undefined)
    return [{ title: `the disk cannot read all of the body at ${bodyAt}`, fields: [] }];
  const parts: Part[] = [{ title: 'batch body', fields: [explainBody(header, stored)] }];
  if (header.kind !== 'data' || header.isCompressed) return parts;
  const view = viewOf(stored);
  let offset = 0;
  for (let index = 0; index < header.recordCount && offset + recordHeaderBytes <= stored.length; index++) {
    const fields = explainRecord(stored, offset, bodyAt);
    if (fields.some(({ wrong }) => wrong !== undefined))
      parts.push({ title: `record ${header.firstLsn + index}`, fields });
    const end = recordEnd(view, offset);
    if (end > stored.length || parts.length > damagedRecordsMax) break;
    offset = end;
  }
  return parts;
}
