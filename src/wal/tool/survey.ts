import { type ChainSegment, followChain } from '../chain.ts';
import {
  decodeSegmentHeader,
  equalBytes,
  identify,
  parseSegmentName,
  type SegmentHeader,
  type SegmentIdentity,
  segmentHeaderBytes,
} from '../format.ts';
import { decodeManifest, type Manifest, manifestName, slotBytes, slotOffsets } from '../manifest.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import { type CursorSlot, parseCursorFileName, readCursorSlots } from '../retention/cursor-slot.ts';
import { explainManifestSlot, explainSegmentHeader } from './explain.ts';
import type { Field } from './fields.ts';
import { type Judgement, judgeLog } from './judgement.ts';

/**
 * What a log's directory holds, by its headers: for tools that show, check and mend. Nothing is written or locked, and nothing
 * is too damaged to be shown. What stands in the segments is read by {@link scanSegment}, one after the other.
 */
export interface Survey {
  readonly place: LogPlace;
  readonly names: readonly string[];
  /** undefined: neither the manifest nor any segment says. */
  readonly logId: Uint8Array | undefined;
  readonly slots: readonly SlotSurvey[];
  readonly manifest: Manifest | undefined;
  /** By rising number. */
  readonly segments: readonly SegmentSurvey[];
  /** What is reached from the floor. */
  readonly chain: readonly ChainSegment[];
  readonly cursors: readonly CursorSurvey[];
  /** undefined without a manifest: then there is nothing to judge by. */
  readonly judgement: Judgement | undefined;
}

export interface SlotSurvey {
  readonly offset: number;
  readonly state: 'valid' | 'empty' | 'damaged' | 'unreadable' | 'of a later version';
  readonly manifest: Manifest | undefined;
  readonly fields: readonly Field[];
}

/**
 * `chain`: part of the log. `superseded`: the chain skips it. `let go`: below the floor. `ready`: made ready and never used.
 * `beyond`: behind the chain's end, and not empty.
 */
export type SegmentRole = 'chain' | 'superseded' | 'let go' | 'ready' | 'beyond';

export interface SegmentSurvey {
  readonly identity: SegmentIdentity;
  readonly fileBytes: number;
  readonly role: SegmentRole;
  /** undefined: it has no valid one. */
  readonly header: SegmentHeader | undefined;
  readonly headerState: 'valid' | 'zeros' | 'not a header' | 'unsupported' | 'unreadable';
  /** Where its part of the log ends, as its successor says; else its own end. */
  readonly endBytes: number;
  readonly fields: readonly Field[];
}

export interface CursorSurvey {
  readonly name: string;
  /** undefined: no slot is valid. */
  readonly slot: CursorSlot | undefined;
}

/** Rejects only where the directory itself cannot be read. */
export async function survey(place: LogPlace, knownDurableLsn = 0): Promise<Survey> {
  const names = await place.storage.list(place.directory);
  const slots = names.includes(manifestName) ? await readSlots(place) : [];
  const manifest = slots
    .flatMap((slot) => slot.manifest ?? [])
    .reduce<Manifest | undefined>(
      (best, each) => (each.generation > (best?.generation ?? 0) ? each : best),
      undefined,
    );
  const raw = await readHeaders(place, names);
  const logId = manifest?.logId ?? mostCommonId(raw);
  const found = raw.map((file) => decodeFile(file, logId));
  const headers = found.flatMap(({ header }) => header ?? []);
  const floorNumber = manifest?.floor.number ?? headers[0]?.identity.number ?? 1;
  const chain = followChain(headers, floorNumber);
  const segments = found.map((file) => ({ ...file, ...standing(file, chain, floorNumber) }));
  const cursors = logId === undefined ? [] : await readCursors(place, names, logId);
  const judgement =
    manifest && (await judgeLog({ place, manifest, segments, chain, cursors, knownDurableLsn }));
  return { place, names, logId, slots, manifest, segments, chain, cursors, judgement };
}

async function readSlots(place: LogPlace): Promise<SlotSurvey[]> {
  const file = await place.storage.open(pathOf(place, manifestName), 'read');
  try {
    const slots: SlotSurvey[] = [];
    for (const offset of slotOffsets) slots.push(slotOf(await readOrFail(file, offset, slotBytes), offset));
    return slots;
  } finally {
    await file.close();
  }
}

function slotOf(bytes: Uint8Array | undefined, offset: number): SlotSurvey {
  if (bytes === undefined) return { offset, state: 'unreadable', manifest: undefined, fields: [] };
  const fields = explainManifestSlot(bytes, offset);
  if (bytes.every((byte) => byte === 0)) return { offset, state: 'empty', manifest: undefined, fields: [] };
  try {
    const manifest = decodeManifest(bytes);
    return { offset, state: manifest === undefined ? 'damaged' : 'valid', manifest, fields };
  } catch {
    return { offset, state: 'of a later version', manifest: undefined, fields };
  }
}

interface RawFile {
  readonly parsed: { readonly number: number; readonly epoch: number };
  readonly name: string;
  readonly fileBytes: number;
  /** undefined: the disk cannot read them. */
  readonly bytes: Uint8Array | undefined;
}

async function readHeaders(place: LogPlace, names: readonly string[]): Promise<RawFile[]> {
  const files: RawFile[] = [];
  for (const name of names) {
    const parsed = parseSegmentName(name);
    if (parsed === undefined) continue;
    const file = await place.storage.open(pathOf(place, name), 'read');
    try {
      const bytes = await readOrFail(file, 0, segmentHeaderBytes);
      files.push({ parsed, name, fileBytes: await file.size(), bytes });
    } finally {
      await file.close();
    }
  }
  return files.sort((left, right) => left.parsed.number - right.parsed.number);
}

/** Of headers that are valid but for not knowing whose they are. */
function mostCommonId(files: readonly RawFile[]): Uint8Array | undefined {
  const counts = new Map<string, number>();
  for (const { bytes, parsed } of files) {
    const id = bytes?.slice(48, 64);
    if (bytes === undefined || id === undefined) continue;
    if (typeof decodeSegmentHeader(bytes, id, identify(id, parsed.number, parsed.epoch)) === 'string')
      continue;
    const key = Buffer.from(id).toString('hex');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, left], [, right]) => right - left);
  return most && new Uint8Array(Buffer.from(most[0], 'hex'));
}

type FoundFile = Omit<SegmentSurvey, 'role' | 'endBytes'>;

function decodeFile({ parsed, fileBytes, bytes }: RawFile, logId: Uint8Array | undefined): FoundFile {
  const identity = identify(logId ?? new Uint8Array(16), parsed.number, parsed.epoch);
  if (bytes === undefined)
    return { identity, fileBytes, header: undefined, headerState: 'unreadable', fields: [] };
  const fields = explainSegmentHeader(bytes, parsed, logId);
  const header = decodeSegmentHeader(bytes, logId ?? new Uint8Array(16), identity);
  if (header === 'zeros') return { identity, fileBytes, header: undefined, headerState: header, fields: [] };
  if (typeof header === 'string')
    return { identity, fileBytes, header: undefined, headerState: header, fields };
  return { identity, fileBytes, header, headerState: 'valid', fields };
}

function standing(
  { identity, header, headerState, fileBytes }: FoundFile,
  chain: readonly ChainSegment[],
  floorNumber: number,
): Pick<SegmentSurvey, 'role' | 'endBytes'> {
  const part = chain.find((segment) => segment.header === header);
  if (part !== undefined) return { role: 'chain', endBytes: part.endBytes };
  const endBytes = header?.segmentBytes ?? fileBytes;
  if (identity.number < floorNumber) return { role: 'let go', endBytes };
  if (identity.number < (chain.at(-1)?.header.identity.number ?? 0)) return { role: 'superseded', endBytes };
  return { role: headerState === 'zeros' ? 'ready' : 'beyond', endBytes };
}

async function readCursors(
  place: LogPlace,
  names: readonly string[],
  logId: Uint8Array,
): Promise<CursorSurvey[]> {
  const cursors: CursorSurvey[] = [];
  for (const fileName of names) {
    const name = parseCursorFileName(fileName);
    if (name === undefined) continue;
    const file = await place.storage.open(pathOf(place, fileName), 'read');
    try {
      const [slot] = await readCursorSlots(file, logId).catch(() => []);
      cursors.push({ name, slot });
    } finally {
      await file.close();
    }
  }
  return cursors;
}

/** Whether two surveys are of copies of one log. */
export function isSameLog(left: Survey, right: Survey): boolean {
  return left.logId !== undefined && right.logId !== undefined && equalBytes(left.logId, right.logId);
}

/** Whether a file of that name can be part of a log. */
export function isLogFile(name: string): boolean {
  return (
    name === manifestName || parseSegmentName(name) !== undefined || parseCursorFileName(name) !== undefined
  );
}

/** Where a log is, in words. */
export function whereIs({ storage, directory }: LogPlace): string {
  return `${storage.description}${directory}`;
}
