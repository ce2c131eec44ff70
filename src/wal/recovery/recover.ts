import type { Batch } from '../batch.ts';
import { type ChainSegment, cutChain, followChain } from '../chain.ts';
import { WalError } from '../errors.ts';
import { type LogPoint, logStart, parseSegmentName } from '../format.ts';
import { type Manifest, ManifestFile, manifestName } from '../manifest.ts';
import type { Settings } from '../options.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { type SegmentDamage, verifySegment } from '../read/verify.ts';
import type { RecoveryReport } from '../report.ts';
import { highestCursorLsn } from '../retention/cursors.ts';
import { gatherEvidence, readStray, type Stray } from './evidence.ts';
import { readInventory, type SegmentFile } from './inventory.ts';
import { judge, type Row } from './recovery-table.ts';
import { salvageLog } from './salvage.ts';
import { provenPoint, readTail, type Tail } from './tail.ts';

/** What recovery found. Nothing was changed yet. */
export interface Findings {
  readonly manifest: ManifestFile;
  readonly files: readonly SegmentFile[];
  /** What is readable, oldest first. */
  readonly chain: readonly ChainSegment[];
  /** The last segment of the chain, where the log may be continued in place or sealed. */
  readonly tail: Tail | undefined;
  /** What a new segment is linked to, and the LSN there. */
  readonly proven: { readonly point: LogPoint; readonly nextLsn: number };
  /** Valid batches behind that point. */
  readonly unsure: readonly Batch[];
  readonly nextLsn: number;
  /** A segment that was made ready and never used. */
  readonly spare: SegmentFile | undefined;
  readonly row: Row;
  readonly stop: RecoveryReport['stop'];
  readonly discardedBytes: number;
}

/** Reads a log as docs/wal-format.md section 7 says. The caller closes `manifest`. Undefined if there is no log. */
export async function examine(
  place: LogPlace,
  names: readonly string[],
  settings: Settings,
): Promise<Findings | undefined> {
  const manifest = await openManifest(place, names);
  if (manifest === undefined) return undefined;
  if (manifest.current.published.number === 0 && !names.some(isSegmentName)) {
    // Nothing was ever in it, and its name may be in the page cache alone.
    await manifest.close();
    return undefined;
  }
  try {
    return await examineSegments(place, names, settings, manifest);
  } catch (error) {
    await manifest.close();
    throw error;
  }
}

async function openManifest(place: LogPlace, names: readonly string[]): Promise<ManifestFile | undefined> {
  const path = pathOf(place, manifestName);
  if (!names.includes(manifestName)) {
    if (!names.some(isSegmentName)) return undefined;
    throw new WalError('corrupt', `${path} is gone, though there are segments: restore it from a backup`);
  }
  const manifest = await ManifestFile.open(place);
  if (manifest === undefined)
    throw new WalError('corrupt', `both slots of ${path} are damaged: restore it from a backup`);
  return manifest;
}

function isSegmentName(name: string): boolean {
  return parseSegmentName(name) !== undefined;
}

async function examineSegments(
  place: LogPlace,
  names: readonly string[],
  settings: Settings,
  manifest: ManifestFile,
): Promise<Findings> {
  const { logId, floor, tail: manifestTail } = manifest.current;
  const files = await readInventory(place, names, logId);
  const chain = followChain(
    files.flatMap(({ header }) => header ?? []),
    floor.number,
  );
  const last = chain.at(-1)?.header;
  // What lies below the floor was let go of, though a crash may have brought it back.
  const lastNumber = last?.identity.number ?? floor.number - 1;
  const strays: Stray[] = [];
  for (const file of files) if (file.identity.number > lastNumber) strays.push(await readStray(place, file));
  if (settings.policy === 'point-in-time') {
    const damage = await firstDamage(place, chain);
    if (damage !== undefined) return { manifest, files, ...endAtDamage(chain, damage) };
  }
  const tailBytes = manifestTail.number === lastNumber ? manifestTail.bytes : 0;
  const tail = last === undefined ? undefined : await readTail(place, last, tailBytes);
  const { segmentBytes } = settings;
  const knownDurableLsn = Math.max(settings.knownDurableLsn, await highestCursorLsn(place, names, logId));
  const row = judge(gatherEvidence({ manifest: manifest.current, files, tail, strays, knownDurableLsn }));
  const discardedBytes = [...strays, ...(tail === undefined ? [] : [tail.rest])].reduce(
    (sum, { extentBytes }) => sum + extentBytes,
    0,
  );
  const spare = findSpare(strays, manifest.current.published, segmentBytes);
  const end = tail === undefined ? emptyEnd(floor.lsn) : endAtTail(chain, tail, row);
  if (row.judgement === 'corrupt' && settings.policy === 'salvage') {
    const salvaged = await salvageLog({ place, files, manifest: manifest.current, knownDurableLsn });
    return { manifest, files, row, tail, spare, discardedBytes, stop: end.stop, ...salvaged };
  }
  return { manifest, files, row, tail, spare, discardedBytes, ...end };
}

type End = Pick<Findings, 'chain' | 'proven' | 'unsure' | 'nextLsn' | 'stop'>;

function emptyEnd(nextLsn: number): End {
  return { chain: [], proven: { point: logStart, nextLsn }, unsure: [], nextLsn, stop: undefined };
}

function endAtTail(chain: readonly ChainSegment[], tail: Tail, { judgement }: Row): End {
  const { header, end, nextLsn, unsure, fault = 'a sealed segment without a successor' } = tail;
  const stop = { file: header.identity.name, position: end.endBytes, lsn: nextLsn, fault };
  return {
    chain: cutChain(chain, end),
    proven: provenPoint(tail),
    unsure,
    nextLsn,
    stop: judgement === 'clean' || judgement === 'end' ? undefined : stop,
  };
}

/** The first damage in a segment that a successor covers. */
async function firstDamage(
  place: LogPlace,
  chain: readonly ChainSegment[],
): Promise<SegmentDamage | undefined> {
  for (const [index, segment] of chain.slice(0, -1).entries()) {
    const damage = await verifySegment(place, segment, chain[index + 1]);
    if (damage !== undefined) return damage;
  }
  return undefined;
}

/** What stands before the damage is durable, since a successor covers it. */
function endAtDamage(
  chain: readonly ChainSegment[],
  { end, nextLsn, fault }: SegmentDamage,
): Omit<Findings, 'manifest' | 'files'> {
  const file = chain.find(({ header }) => header.identity.number === end.number)?.header.identity.name ?? '';
  return {
    chain: cutChain(chain, end),
    tail: undefined,
    proven: { point: end, nextLsn },
    unsure: [],
    nextLsn,
    spare: undefined,
    row: judge({ ...nothingSeen, covered: true }),
    stop: { file, position: end.endBytes, lsn: nextLsn, fault },
    discardedBytes: 0,
  };
}

const nothingSeen = {
  readFailed: false,
  fileShort: false,
  covered: false,
  published: false,
  manifestBeyond: false,
  knownBeyond: false,
  promised: false,
  tooLong: false,
  restZero: false,
  closed: false,
};

/** The newest stray, if it is all zeros, of the size of today's segments, and its name durable (the manifest says so). */
function findSpare(
  strays: readonly Stray[],
  published: Manifest['published'],
  segmentBytes: number,
): SegmentFile | undefined {
  const newest = strays.at(-1);
  if (newest === undefined) return undefined;
  const { file, fileBytes, extentBytes } = newest;
  const { number, epoch } = file.identity;
  const isPublished = number === published.number && epoch === published.epoch;
  return isPublished && extentBytes === 0 && fileBytes === segmentBytes ? file : undefined;
}
