import type { BatchHeader } from '../batch.ts';
import {
  type DamageItem,
  dumpSegment,
  type Item,
  type Part,
  type RecordItem,
  type RestItem,
} from './dump-segment.ts';
import { hex32, showTime } from './fields.ts';
import type { Judgement } from './judgement.ts';
import { columnsOf, countOf, type Line, line, lsns, size } from './lines.ts';
import { isLogFile, type SegmentSurvey, type SlotSurvey, type Survey, whereIs } from './survey.ts';

export interface DumpOptions {
  /** Shows each record. */
  readonly records?: boolean;
  /** Only this file of the directory. */
  readonly only?: string;
}

/** All that stands in a log's directory, for people; damaged regions field by field. Read piece by piece: any size will do. */
export async function* dumpLines(
  survey: Survey,
  options: DumpOptions = {},
): AsyncGenerator<Line, void, undefined> {
  const { only } = options;
  yield line(titleOf(survey), 'title');
  if (!survey.names.some(isLogFile)) return;
  if (only === undefined || only === 'manifest') yield* manifestLines(survey);
  for (const segment of survey.segments) {
    if (only !== undefined && segment.identity.name !== only) continue;
    yield line('');
    yield* segmentLines(segment);
    for await (const item of itemsOf(survey, segment, options)) yield* itemLines(item, segment);
  }
  if (only !== undefined) return;
  yield* cursorLines(survey);
  yield* judgementLines(survey.judgement);
}

/** The same as plain data. */
export async function dumpData(survey: Survey, options: DumpOptions = {}): Promise<unknown> {
  const { only } = options;
  const segments: unknown[] = [];
  for (const segment of survey.segments) {
    if (only !== undefined && segment.identity.name !== only) continue;
    const items: Item[] = [];
    for await (const item of itemsOf(survey, segment, options)) items.push(item);
    segments.push({ ...segment, items });
  }
  const { logId, slots, cursors, judgement } = survey;
  return { ...(logId && { logId: hex(logId) }), slots, segments, cursors, judgement };
}

function itemsOf(survey: Survey, segment: SegmentSurvey, { records = false }: DumpOptions) {
  if (segment.role === 'ready') return noItems();
  const neighbour = survey.segments.findLast(
    ({ identity, header }) => header !== undefined && identity.number < segment.identity.number,
  );
  const other = survey.segments.find(({ header }) => header !== undefined);
  return dumpSegment(survey.place, segment, (neighbour ?? other)?.header, records);
}

async function* noItems(): AsyncGenerator<Item, void, undefined> {}

function titleOf({ place, names, logId, chain, manifest }: Survey): string {
  const where = whereIs(place);
  if (!names.some(isLogFile)) return `${where}: there is no log here`;
  const who = logId === undefined ? 'of an unknown log' : `log ${hex(logId)}`;
  const since = manifest === undefined ? '' : `, made ${showTime(manifest.createdAtMs)}`;
  return `${where}: ${who}, ${countOf(chain.length, 'segment')} in use${since}`;
}

function* manifestLines({ slots }: Survey): Generator<Line> {
  yield line('');
  yield line('manifest', 'title');
  if (slots.length === 0) yield line('  missing', 'bad');
  for (const [index, slot] of slots.entries()) {
    yield line(
      `  slot ${index} at byte ${slot.offset}: ${slotText(slot)}`,
      slot.state === 'valid' ? 'plain' : toneOf(slot),
    );
    if (slot.state === 'damaged' || slot.state === 'of a later version')
      yield* fieldLines({ title: 'slot', fields: slot.fields });
  }
}

function toneOf({ state }: SlotSurvey): Line['tone'] {
  return state === 'empty' ? 'dim' : 'bad';
}

function slotText({ state, manifest }: SlotSurvey): string {
  if (manifest === undefined) return state === 'empty' ? 'empty: never written' : state;
  const { generation, floor, published, tail } = manifest;
  const segment = published.number === 0 ? 'none' : `segment ${published.number}`;
  const end =
    tail.number === 0 ? 'none' : `byte ${tail.bytes} of segment ${tail.number}, before LSN ${tail.nextLsn}`;
  return `generation ${generation}; log starts at segment ${floor.number}, LSN ${floor.lsn}; last made ready: ${segment}; known durable end: ${end}`;
}

const roles: Readonly<Record<SegmentSurvey['role'], string>> = {
  chain: 'in use',
  superseded: 'superseded: no part of the log any more',
  'let go': 'below the start of the log: no part of it any more',
  ready: 'made ready, not used yet',
  beyond: 'behind the end of the log, and not empty',
};

function* segmentLines(segment: SegmentSurvey): Generator<Line> {
  const { identity, role, header, headerState, fileBytes, fields } = segment;
  yield line(`${identity.name}: ${roles[role]}, ${size(fileBytes)}`, 'title');
  if (header === undefined) {
    if (role === 'ready') return;
    yield line(`  header: ${headerState}`, 'bad');
    if (headerState !== 'zeros') yield* fieldLines({ title: 'segment header', fields });
    return;
  }
  const { blockBytes, segmentBytes, batchBytesMax, codec, baseLsn, createdAtMs, predecessor, crc } = header;
  const from =
    predecessor.number === 0
      ? 'the first segment'
      : `goes on from byte ${predecessor.endBytes} of segment ${predecessor.number}, chain ${hex32(predecessor.chain)}`;
  yield line(
    `  header: first LSN ${baseLsn}, blocks of ${blockBytes}, batches up to ${size(batchBytesMax)}, codec ${codec}, CRC ${hex32(crc)}, made ${showTime(createdAtMs)}`,
  );
  yield line(`          ${from}`);
  if (fileBytes < segmentBytes)
    yield line(`  the file has ${fileBytes} bytes, its header says ${segmentBytes}`, 'bad');
}

function* itemLines(item: Item, segment: SegmentSurvey): Generator<Line> {
  switch (item.kind) {
    case 'batch':
      yield line(batchText(item.header));
      yield* recordLines(item.records);
      return;
    case 'damage':
      yield line(damageText(item), 'bad');
      for (const part of item.parts) yield* fieldLines(part);
      return;
    case 'rest':
      yield* restLines(item, segment);
  }
}

function batchText(header: BatchHeader): string {
  const {
    kind,
    position,
    firstLsn,
    recordCount,
    durableLsn,
    durableBytes,
    storedBytes,
    rawBytes,
    blocks,
    crc,
  } = header;
  const what =
    kind === 'data'
      ? `${lsns(firstLsn, firstLsn + recordCount - 1)}, ${countOf(recordCount, 'record')}`
      : `before LSN ${firstLsn}`;
  const length = storedBytes === rawBytes ? `${storedBytes} B` : `${rawBytes} B packed into ${storedBytes} B`;
  const body = kind === 'clean-end' ? '' : `, ${length} in ${countOf(blocks, 'block')}`;
  const promise = `durable before: LSN ${durableLsn}, byte ${durableBytes}`;
  return `  ${String(position).padStart(10)}  ${kind.padEnd(9)}  ${what}${body}; ${promise}; CRCs good, header ${hex32(crc)}, ${showTime(header.issuedAtMs)}`;
}

function recordLines(records: readonly RecordItem[]): Line[] {
  const rows = records.map(({ lsn, type, bytes, key, preview }) => [
    String(lsn),
    typeName(type),
    String(bytes),
    key === undefined ? preview : `${key} = ${preview}`,
  ]);
  return columnsOf(rows, '              ').map((text) => line(text, 'dim'));
}

function typeName(type: number): string {
  return ['', 'bytes', 'put', 'delete', 'json'][type] ?? `type ${type}`;
}

function damageText({ position, bytes, fault, nextLsn, header, goodLsns }: DamageItem): string {
  const until = position + bytes;
  const where = bytes === 0 ? `at byte ${position}` : `bytes ${position} to ${until}`;
  const held =
    header === undefined
      ? `record ${nextLsn} had to begin here`
      : `held ${lsns(header.firstLsn, header.firstLsn + Math.max(1, header.recordCount) - 1)}, of which ${goodLsns.length} can still be read`;
  return `  ${where}: ${fault}; ${held}`;
}

function* restLines(
  { position, bytes, contentBytes, fault, nextLsn, parts }: RestItem,
  segment: SegmentSurvey,
): Generator<Line> {
  if (contentBytes === 0) {
    yield line(
      `  ${String(position).padStart(10)}  nothing but zeros up to the segment's end (${size(bytes)})`,
      'dim',
    );
    return;
  }
  const tone = segment.role === 'chain' ? 'bad' : 'dim';
  yield line(
    `  bytes ${position} to ${position + contentBytes}: ${fault}; record ${nextLsn} had to begin here, and no valid batch follows`,
    tone,
  );
  for (const part of parts) yield* fieldLines(part);
}

/** A table of fields; what is wrong stands out. */
function fieldLines({ title, fields }: Part): Line[] {
  const rows = fields.map(({ offset, bytes, name, value, wrong }) => [
    String(offset),
    bytes,
    name,
    value,
    wrong === undefined ? '' : `<- ${wrong}`,
  ]);
  const texts = columnsOf(rows, '        ');
  return [
    line(`      ${title}${fields.length === 0 ? '' : ': offset, bytes, field, value'}`),
    ...texts.map((text, index) => line(text, fields[index]?.wrong === undefined ? 'dim' : 'bad')),
  ];
}

function* cursorLines({ cursors }: Survey): Generator<Line> {
  if (cursors.length === 0) return;
  yield line('');
  yield line('cursors', 'title');
  for (const { name, slot } of cursors) {
    if (slot === undefined) yield line(`  ${name}: no valid slot; it stands at the start of the log`, 'bad');
    else yield line(`  ${name}: done up to LSN ${slot.lsn}, at ${showTime(slot.writtenAtMs)}`);
  }
}

export function* judgementLines(judgement: Judgement | undefined): Generator<Line> {
  yield line('');
  if (judgement === undefined) {
    yield line('judgement: none, since no slot of the manifest is valid', 'bad');
    return;
  }
  const { row, evidence, file, position, nextLsn, fault } = judgement;
  const isBad = row.judgement === 'corrupt';
  const isDamaged = isBad || row.judgement === 'torn';
  const stop =
    file === undefined
      ? 'there is no segment'
      : `reading stopped at byte ${position} of ${file}${fault === undefined || !isDamaged ? '' : ` (${fault})`}`;
  yield line(`judgement: ${row.judgement} (${row.meaning})`, isBad ? 'bad' : 'title');
  yield line(`  ${stop}; the next record is LSN ${nextLsn}`);
  yield line(`  row ${row.name} of the recovery table, decided by:`);
  const rows = evidence.map(({ column, seen, where }) => [seen ? 'yes' : 'no', column, where]);
  const texts = columnsOf(rows, '    ');
  const decides = evidence.findIndex(({ seen }) => seen);
  for (const [index, text] of texts.entries()) {
    yield line(text, isBad && index === decides ? 'bad' : evidence[index]?.seen === true ? 'plain' : 'dim');
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
