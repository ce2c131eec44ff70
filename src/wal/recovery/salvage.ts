import type { Batch } from '../batch.ts';
import { type ChainSegment, cutChain } from '../chain.ts';
import { type LogPoint, logStart, type SegmentHeader } from '../format.ts';
import type { Manifest } from '../manifest.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { scanSegment } from '../read/scan.ts';
import type { SegmentFile } from './inventory.ts';
import { inspectRest } from './segment-rest.ts';
import { standInHeader } from './stand-in.ts';

/** A damaged log as far as it can still be read, and where it goes on: nothing that is damaged is changed. */
export interface Salvage {
  /** Oldest first. Segments may be missing between them, and parts of them unreadable. */
  readonly chain: readonly ChainSegment[];
  readonly proven: { readonly point: LogPoint; readonly nextLsn: number };
  readonly unsure: readonly Batch[];
  readonly nextLsn: number;
}

interface LostLog {
  readonly place: LogPlace;
  readonly files: readonly SegmentFile[];
  readonly manifest: Manifest;
  readonly knownDurableLsn: number;
}

/**
 * Policy `salvage`: the log goes on behind its last batch that is valid in itself. LSNs that anything shows to have been given,
 * though their records are lost, are not given again: a consumer that has seen them must not take others for them.
 */
export async function salvageLog({ place, files, manifest, knownDurableLsn }: LostLog): Promise<Salvage> {
  const chain = linkBackwards(
    await usableHeaders(place, files, manifest.floor.number),
    manifest.floor.number,
  );
  const last = chain.at(-1)?.header;
  const given = Math.max(manifest.floor.lsn, manifest.tail.nextLsn, knownDurableLsn + 1);
  if (last === undefined) {
    const { number, epoch } = files.at(-1)?.identity ?? manifest.published;
    // What comes names the segment that is lost, so that nobody takes it for the beginning.
    const point = given > manifest.floor.lsn ? { number, epoch, endBytes: 0, chain: 0 } : logStart;
    return { chain, proven: { point, nextLsn: given }, unsure: [], nextLsn: given };
  }
  const tailBytes = manifest.tail.number === last.identity.number ? manifest.tail.bytes : 0;
  const { end, endLsn, run, provenBytes, givenLsn } = await readToEnd(place, last, tailBytes);
  const nextLsn = Math.max(given, givenLsn, endLsn);
  const unsure = run.filter(({ header }) => header.position >= provenBytes);
  const [first] = unsure;
  const point =
    first === undefined ? end : { ...end, endBytes: first.header.position, chain: first.header.chain };
  return {
    chain: cutChain(chain, end),
    proven: { point, nextLsn: first?.header.firstLsn ?? nextLsn },
    unsure,
    nextLsn,
  };
}

/** The segments' headers, by rising number; for a damaged one what its first batch tells of it. */
async function usableHeaders(
  place: LogPlace,
  files: readonly SegmentFile[],
  floorNumber: number,
): Promise<SegmentHeader[]> {
  const named = new Set(files.flatMap(({ header }) => header?.predecessor.number ?? []));
  const lastNumber = files.findLast(({ header }) => header !== undefined)?.identity.number ?? 0;
  const headers: SegmentHeader[] = [];
  for (const file of files.filter(({ identity }) => identity.number >= floorNumber)) {
    const { identity } = file;
    const neighbour = headers.at(-1) ?? files.find(({ header }) => header !== undefined)?.header;
    // Above all headers, a segment without one may have been cut off while it was begun: then nothing in it was promised.
    const mustBePromised = identity.number > lastNumber && !named.has(identity.number);
    const header = file.header ?? (await headerFromBatches(place, file, neighbour, mustBePromised));
    if (header !== undefined) headers.push(header);
  }
  return headers;
}

async function headerFromBatches(
  place: LogPlace,
  { identity }: SegmentFile,
  neighbour: SegmentHeader | undefined,
  mustBePromised: boolean,
): Promise<SegmentHeader | undefined> {
  const file = await place.storage.open(pathOf(place, identity.name), 'read');
  try {
    const { promisedBytes } = await inspectRest(file, identity, 0);
    if (mustBePromised && promisedBytes === 0) return undefined;
    const fileBytes = await file.size();
    const standIn = standInHeader(identity, fileBytes, neighbour);
    for await (const span of scanSegment(file, standIn, fileBytes)) {
      const first =
        span.kind === 'batch' ? span.batch.header : span.kind === 'damage' ? span.header : undefined;
      // The first batch's chain is the CRC of the header that was there.
      if (first !== undefined) return { ...standIn, baseLsn: first.firstLsn, crc: first.chain };
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** From the newest segment down to its predecessor, and where that is missing to the next one below it. */
function linkBackwards(headers: readonly SegmentHeader[], floorNumber: number): ChainSegment[] {
  const chain: ChainSegment[] = [];
  let current = headers.at(-1);
  let endBytes = current?.segmentBytes ?? 0;
  while (current !== undefined) {
    const { identity, predecessor, baseLsn } = current;
    const isStandIn = predecessor.number === 0 && identity.number > floorNumber;
    const limit = isStandIn ? identity.number - 1 : predecessor.number;
    const next: SegmentHeader | undefined = headers.findLast(
      (header) => header.identity.number <= limit && header.baseLsn <= baseLsn,
    );
    const isLinked =
      next?.identity.number === predecessor.number && next.identity.epoch === predecessor.epoch;
    const nextEnd = isLinked ? predecessor.endBytes : (next?.segmentBytes ?? 0);
    chain.unshift({ header: isStandIn && next !== undefined ? linkedTo(current, next) : current, endBytes });
    endBytes = nextEnd;
    current = next;
  }
  return chain;
}

/** For a header that is not known: what it must have named, as far as that can be told. */
function linkedTo(header: SegmentHeader, { identity, segmentBytes }: SegmentHeader): SegmentHeader {
  const { number, epoch } = identity;
  return { ...header, predecessor: { number, epoch, endBytes: segmentBytes, chain: 0 } };
}

interface LastSegment {
  readonly end: LogPoint;
  readonly endLsn: number;
  /** The batches behind the last damage. */
  readonly run: readonly Batch[];
  readonly provenBytes: number;
  /** The LSN behind all that batch headers announce, whether their bodies are good or not. */
  readonly givenLsn: number;
}

async function readToEnd(place: LogPlace, header: SegmentHeader, tailBytes: number): Promise<LastSegment> {
  const { number, epoch } = header.identity;
  const file = await place.storage.open(pathOf(place, header.identity.name), 'read');
  let end: LogPoint = { number, epoch, endBytes: header.blockBytes, chain: header.crc };
  let endLsn = header.baseLsn;
  let givenLsn = endLsn;
  let run: Batch[] = [];
  let provenBytes = tailBytes;
  try {
    for await (const span of scanSegment(file, header, Math.min(header.segmentBytes, await file.size()))) {
      if (span.kind === 'rest') continue;
      const found = span.kind === 'batch' ? span.batch.header : span.header;
      if (found !== undefined) {
        givenLsn = found.firstLsn + found.recordCount;
        provenBytes = Math.max(provenBytes, found.durableBytes);
      }
      if (span.kind === 'damage') {
        run = [];
        continue;
      }
      const { position, blocks, crc } = span.batch.header;
      run.push(span.batch);
      end = { number, epoch, endBytes: position + blocks * header.blockBytes, chain: crc };
      endLsn = givenLsn;
    }
  } finally {
    await file.close();
  }
  return { end, endLsn, run, provenBytes, givenLsn };
}
